#include "lists/versions/version_source.h"

#include <optional>
#include <utility>

#include "lists/compile/digest.h"
#include "lists/compile/image_file.h"
#include "lists/compile/load.h"
#include "lists/versions/version_store.h"

namespace sluice::lists {
namespace {

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// Why the list is not what the configuration wants; empty: it is. What is not of a bundle is a
// list for whatever app.
std::string contradiction(const std::optional<Purpose>& is, const Purpose& wanted) {
  const auto kind = is ? is->kind : MemberKind::list;
  if (kind != wanted.kind && (is || wanted.kind == MemberKind::image)) {
    return " has it as " + in_quotes(to_string(kind)) + ", the configuration as " +
           in_quotes(to_string(wanted.kind));
  }
  if (is && is->app != wanted.app) {
    return " has it for the app " + in_quotes(is->app) + ", the configuration for " +
           in_quotes(wanted.app);
  }
  return {};
}

struct Found {
  Version version;
  StoredList list;
};

// Of `version`; nothing: it has no such list, or there is no version.
Result<std::optional<Found>, std::string> find(std::optional<Version> version,
                                               const SourceList& wanted) {
  if (!version) return std::nullopt;
  auto list = VersionStore::find(*version, wanted.list);
  if (!list) return std::nullopt;
  const std::string problem = contradiction(list->part.purpose, wanted.purpose);
  if (!problem.empty()) return fail(version->head.label + problem);
  return Found{std::move(*version), std::move(*list)};
}

Result<std::optional<Found>, std::string> find_in_force(const SourceList& wanted) {
  return find(VersionStore(wanted.folder, 1).in_force(), wanted);
}

Result<std::optional<Found>, std::string> find_in(const std::filesystem::path& file,
                                                  const SourceList& wanted) {
  auto version = VersionStore(file.parent_path(), 1).open(file);
  if (!version) return fail(file.string() + ": " + version.error());
  return find(std::move(*version), wanted);
}

Result<ListText, std::string> read_text(const Result<std::optional<Found>, std::string>& found,
                                        const SourceList& wanted) {
  if (!found) return fail(found.error());
  const std::optional<Found>& it = *found;
  if (!it) {
    if (wanted.fallback.empty()) return ListText{{}, "none", {}};
    return Source::file(wanted.fallback).read();
  }
  const auto& [version, list] = *it;
  const auto text = VersionStore::read(version, list);
  if (!text) return fail(version.file.string() + ": " + text.error());
  std::string name = version.head.label.empty() ? short_digest(*text) : version.head.label;
  return ListText{std::pmr::string(*text), std::move(name), version.head.taken, list.part.format};
}

// Into memory of its own at once: a copy of all of it would be too much.
Result<match::DomainSet, std::string> read_stored(const Version& version, const StoredList& list) {
  auto set = read_image(version.file, list.at, list.part.bytes);
  if (set && to_hex(sha256(set->image())) != list.part.digest) {
    return fail(std::string("damaged: a digest is wrong"));
  }
  return set;
}

Result<Compiled, CompileError> load(const Result<std::optional<Found>, std::string>& found,
                                    const SourceList& wanted, const CompileOptions& options) {
  const std::string name = wanted.source + '/' + wanted.list;
  if (!found) return fail(CompileError{name, found.error()});
  const std::optional<Found>& it = *found;
  if (!it) {
    auto loaded = load_image(wanted.fallback, options);
    if (!loaded) loaded.error().source += " (no version has the image " + name + ')';
    return loaded;
  }
  const auto& [version, list] = *it;
  return load_image(read_stored(version, list), name, version.head.taken, options);
}

}  // namespace

Source version_source(const SourceList& list) {
  return {list.source + '/' + list.list, [list] { return read_text(find_in_force(list), list); }};
}

Source trial_source(const SourceList& list, const std::filesystem::path& file) {
  return {list.source + '/' + list.list,
          [list, file] { return read_text(find_in(file, list), list); }};
}

LoadImage version_image(const SourceList& list) {
  return [list](const CompileOptions& options) { return load(find_in_force(list), list, options); };
}

LoadImage trial_image(const SourceList& list, const std::filesystem::path& file) {
  return [list, file](const CompileOptions& options) {
    return load(find_in(file, list), list, options);
  };
}

}  // namespace sluice::lists
