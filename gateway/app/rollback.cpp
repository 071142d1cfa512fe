#include "gateway/app/rollback.h"

#include <algorithm>
#include <vector>

#include "lists/bundle/manifest.h"

namespace sluice::app {
namespace {

// The version to pin. Error: there is none.
Result<lists::Version, std::string> chosen(const Rollback& rollback,
                                           const lists::VersionStore& store) {
  const auto in_force = store.in_force();
  if (!in_force) return fail(std::string("has no version yet"));
  const std::vector<lists::Version> versions = store.versions();
  const auto found = std::ranges::find_if(versions, [&](const lists::Version& version) {
    return rollback.to ? version.number == *rollback.to : version.number < in_force->number;
  });
  if (found != versions.end()) return *found;
  if (rollback.to) return fail("has no version " + std::to_string(*rollback.to) + " on disk");
  return fail(std::string("has no version before that in force"));
}

}  // namespace

Result<const config::SourceSpec*, std::string> source_of(const config::LiveSettings& live,
                                                         const std::string& source) {
  const auto& sources = live.sources;
  if (sources.empty()) return fail(std::string("the configuration has no [[source]]"));
  if (source.empty() && sources.size() > 1) return fail(std::string("say which source"));
  if (source.empty()) return &sources.front();
  const auto spec = std::ranges::find(sources, source, &config::SourceSpec::name);
  if (spec == sources.end()) return fail("no [[source]] has the name " + source);
  return &*spec;
}

std::string said_of(const lists::Version& version) {
  return std::to_string(version.number) + "  " + version.head.label + "  taken " +
         lists::time_text(version.head.taken);
}

Result<std::string, std::string> roll_back(const config::LiveSettings& live,
                                           const Rollback& rollback) {
  const auto spec = source_of(live, rollback.source);
  if (!spec) return fail(spec.error());
  const std::string& name = (*spec)->name;
  const lists::VersionStore store((*spec)->state, (*spec)->keep);
  if (rollback.resume) {
    if (!store.pinned()) return fail("source " + name + " is not rolled back");
    if (const auto ended = store.unpin(); !ended) return fail(ended.error());
    return name + ": its newest version again";
  }
  const auto version = chosen(rollback, store);
  if (!version) return fail("source " + name + ' ' + version.error());
  if (const auto pinned = store.pin(version->number); !pinned) return fail(pinned.error());
  return name + ": " + said_of(*version);
}

}  // namespace sluice::app
