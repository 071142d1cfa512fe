#pragma once

// A list of a source (lists/update/feed.h) as the source of a compilation: its text in the version
// in force, or in a candidate that is on trial. A ready image likewise.
//
// What a bundle says of a member, its kind and its app, must be what the configuration says of the
// list: a list for another app is an error, so that it is not loaded as this one.

#include <filesystem>
#include <string>

#include "lists/compile/compile.h"
#include "lists/compile/source.h"
#include "lists/versions/version_file.h"

namespace sluice::lists {

// As the configuration has it.
struct SourceList {
  std::string list, source;
  std::filesystem::path folder;    // of the source's VersionStore
  std::filesystem::path fallback;  // stands for it as long as no version has it; empty: it has no
                                   // entries then
  Purpose purpose;
};

// The name for messages is `SOURCE/LIST`.
[[nodiscard]] Source version_source(const SourceList& list);
// The same of one file of a version, whatever is in force.
[[nodiscard]] Source trial_source(const SourceList& list, const std::filesystem::path& file);

// REQUIRES: a fallback; its file need not be there.
[[nodiscard]] LoadImage version_image(const SourceList& list);
[[nodiscard]] LoadImage trial_image(const SourceList& list, const std::filesystem::path& file);

}  // namespace sluice::lists
