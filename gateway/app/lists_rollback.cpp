// `sluice lists rollback`: an earlier version of a source in force.

#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "lists/bundle/manifest.h"
#include "lists/versions/version_store.h"

namespace sluice::app {
namespace {

std::string said_of(const lists::Version& version) {
  return std::to_string(version.number) + "  " + version.head.label + "  taken " +
         lists::time_text(version.head.taken);
}

void print_versions(const std::string& source, const lists::VersionStore& store) {
  const auto in_force = store.in_force();
  const bool pinned = store.pinned().has_value();
  std::cout << source << ":\n";
  for (const lists::Version& version : store.versions()) {
    const bool is_it = in_force && in_force->number == version.number;
    std::cout << "  " << said_of(version) << (is_it ? "  in force" : "")
              << (is_it && pinned ? ", rolled back to" : "") << '\n';
  }
}

// The gateway takes it at its next reload, which this asks for.
void reload(const lists::VersionStore& store) {
  const int gateway = lists::StoreLock::holder(store.folder());
  if (gateway > 0 && ::kill(gateway, SIGHUP) == 0) {
    std::cout << "the gateway, process " << gateway << ", reloads\n";
  } else if (gateway != 0) {
    std::cout << "the gateway could not be told: send it SIGHUP\n";
  } else {
    std::cout << "no gateway runs here; it holds from its next start\n";
  }
}

// The version to pin. Error: there is none.
Result<lists::Version, std::string> chosen(const cli::ListsRollbackCommand& command,
                                           const lists::VersionStore& store) {
  const auto in_force = store.in_force();
  if (!in_force) return fail(std::string("has no version yet"));
  const std::vector<lists::Version> versions = store.versions();
  const auto found = std::ranges::find_if(versions, [&](const lists::Version& version) {
    return command.to ? version.number == *command.to : version.number < in_force->number;
  });
  if (found != versions.end()) return *found;
  if (command.to) return fail("has no version " + std::to_string(*command.to) + " on disk");
  return fail(std::string("has no version before that in force"));
}

}  // namespace

int lists_rollback(const cli::ListsRollbackCommand& command) {
  const auto config = load_config(command.config);
  if (!config) return refuse(config.error());
  const auto& sources = config->live.sources;
  if (sources.empty()) return refuse(command.config + ": has no [[source]]");
  if (command.list && command.source.empty()) {
    for (const auto& spec : sources) print_versions(spec.name, {spec.state, spec.keep});
    return all_written() ? kOk : kUnusable;
  }
  if (command.source.empty() && sources.size() > 1) return refuse("say which source");
  const auto spec = command.source.empty()
                        ? sources.begin()
                        : std::ranges::find(sources, command.source, &config::SourceSpec::name);
  if (spec == sources.end()) return refuse("no [[source]] has the name " + command.source);
  const lists::VersionStore store(spec->state, spec->keep);
  if (command.list) {
    print_versions(spec->name, store);
    return all_written() ? kOk : kUnusable;
  }
  if (command.resume) {
    if (!store.pinned()) return refuse("source " + spec->name + " is not rolled back");
    if (const auto ended = store.unpin(); !ended) return refuse(ended.error());
    std::cout << spec->name << ": its newest version again\n";
  } else {
    const auto version = chosen(command, store);
    if (!version) return refuse("source " + spec->name + ' ' + version.error());
    if (const auto pinned = store.pin(version->number); !pinned) return refuse(pinned.error());
    std::cout << spec->name << ": " << said_of(*version) << '\n';
  }
  reload(store);
  return all_written() ? kOk : kUnusable;
}

}  // namespace sluice::app
