#pragma once

// A list of a source (lists/update/feed.h) as the source of a compilation: its text in the version
// in force, or in a candidate that is on trial.

#include <filesystem>
#include <string>

#include "lists/compile/source.h"

namespace sluice::lists {

// `folder`: of the source's VersionStore. `fallback`: the file that stands for the list as long as
// no version has it; empty: it has no entries then. The name for messages is `SOURCE/LIST`.
[[nodiscard]] Source version_source(const std::filesystem::path& folder, const std::string& source,
                                    const std::string& list, const std::filesystem::path& fallback);
// The same of one file of a version, whatever is in force.
[[nodiscard]] Source trial_source(const std::filesystem::path& file, const std::string& source,
                                  const std::string& list, const std::filesystem::path& fallback);

}  // namespace sluice::lists
