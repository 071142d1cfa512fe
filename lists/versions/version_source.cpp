#include "lists/versions/version_source.h"

#include <optional>
#include <utility>

#include "lists/compile/load.h"
#include "lists/versions/version_store.h"

namespace sluice::lists {
namespace {

Result<ListText, std::string> without_version(const std::filesystem::path& fallback) {
  if (fallback.empty()) return ListText{{}, "none", {}};
  return Source::file(fallback).read();
}

Result<ListText, std::string> read_from(const Version& version, const std::string& list,
                                        const std::filesystem::path& fallback) {
  auto found = VersionStore::read(version, list);
  if (!found) return fail(version.file.string() + ": " + found.error());
  std::optional<NamedList>& text = *found;
  if (!text) return without_version(fallback);
  const NamedList& it = *text;
  std::string name = version.head.label.empty() ? short_digest(it.text) : version.head.label;
  return ListText{std::pmr::string(it.text), std::move(name), version.head.taken, it.format};
}

}  // namespace

Source version_source(const std::filesystem::path& folder, const std::string& source,
                      const std::string& list, const std::filesystem::path& fallback) {
  return {source + '/' + list, [=]() -> Result<ListText, std::string> {
            const auto version = VersionStore(folder, 1).in_force();
            return version ? read_from(*version, list, fallback) : without_version(fallback);
          }};
}

Source trial_source(const std::filesystem::path& file, const std::string& source,
                    const std::string& list, const std::filesystem::path& fallback) {
  return {source + '/' + list, [=]() -> Result<ListText, std::string> {
            const auto version = VersionStore(file.parent_path(), 1).open(file);
            if (!version) return fail(file.string() + ": " + version.error());
            return read_from(*version, list, fallback);
          }};
}

}  // namespace sluice::lists
