#pragma once

// Image files: writes a DomainSet to a file, and maps it from there. README.md beside this file
// describes the bytes.
//
// Writing is all or nothing: whatever happens, `path` is the old image or the new one. Blocks;
// allocates little, except read_image().

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "filters/match/domain_set.h"

namespace sluice::lists {

// The file is readable for owner and group only, because the image holds the secret of its hash. It
// takes the mode of the image that it replaces. Error: the reason, without the file's name.
[[nodiscard]] Result<void, std::string> write_image(const match::DomainSet& set,
                                                    const std::filesystem::path& path);

// Maps the file, read-only and shared, for commands that ask once: whoever changes the file in
// place ends the process. write_image() never does, it replaces the file. Verifies the checksum, so
// it reads the whole file. Error: the reason, without the file's name.
[[nodiscard]] Result<match::DomainSet, std::string> open_image(const std::filesystem::path& path);
// The same in memory of its own, for the gateway: a copy over the file (`cp`) must not end it.
[[nodiscard]] Result<match::DomainSet, std::string> read_image(const std::filesystem::path& path);
// The same of an image that is part of a file: `size` bytes from `at` on.
[[nodiscard]] Result<match::DomainSet, std::string> read_image(const std::filesystem::path& path,
                                                               std::uint64_t at, std::size_t size);
// The same of bytes that are in memory already. They are copied.
[[nodiscard]] Result<match::DomainSet, std::string> read_image(Bytes bytes);

}  // namespace sluice::lists
