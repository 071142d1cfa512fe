#pragma once

// Files in memory. Blocks; allocates.

#include <chrono>
#include <filesystem>
#include <memory_resource>
#include <string>
#include <string_view>

#include "filters/base/result.h"

namespace sluice::lists {

inline constexpr std::uintmax_t kMaxFile = std::uintmax_t{1} << 30;  // a list of 50 million names

struct LoadedFile {
  std::pmr::string text;  // on huge pages if it is large
  std::chrono::system_clock::time_point modified;
};
// A regular file of at most `most` bytes that nobody writes to at that time. Error: the reason,
// without the file's name.
[[nodiscard]] Result<LoadedFile, std::string> load_file(const std::filesystem::path& path,
                                                        std::uintmax_t most = kMaxFile);

// The epoch if the file system does not tell.
[[nodiscard]] std::chrono::system_clock::time_point modification_time(
    const std::filesystem::path& file);

// The first 16 hex digits of the SHA-256.
[[nodiscard]] std::string short_digest(std::string_view text);

}  // namespace sluice::lists
