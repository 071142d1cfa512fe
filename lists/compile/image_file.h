#pragma once

// Image files: a DomainSet on its way to a file, and mapped from there. README.md beside this file
// describes the bytes.
//
// Writing is all or nothing: whatever happens, under `path` there is the old image or the new one.
// Reading maps the file, read-only and shared: programs that open one image have it in memory once.
// A mapped file must not be changed in place (write_image never does: it puts another one there).
// Blocks; allocates little.

#include <filesystem>
#include <string>

#include "filters/base/result.h"
#include "filters/match/domain_set.h"

namespace sluice::lists {

// Readable for owner and group only, because the image holds the secret of its hash; an image that
// was there hands on its mode. Error: the reason, without the file's name.
[[nodiscard]] Result<void, std::string> write_image(const match::DomainSet& set,
                                                    const std::filesystem::path& path);

// Verifies the checksum, and so reads all of it. Error: the reason, without the file's name.
[[nodiscard]] Result<match::DomainSet, std::string> open_image(const std::filesystem::path& path);

}  // namespace sluice::lists
