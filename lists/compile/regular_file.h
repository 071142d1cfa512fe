#pragma once

// A regular file, opened to be read. Pipes, devices and folders are refused without waiting for
// them: a pipe has no size, so it would be an empty list, and a device may never end.
//
// Movable; closes the file. Blocks; allocates only error texts. Errors: the reason, without the
// file's name.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::lists {

class RegularFile {
 public:
  // Refused if it is larger than `most` bytes.
  [[nodiscard]] static Result<RegularFile, std::string> open(const std::filesystem::path& path,
                                                             std::uintmax_t most);
  RegularFile(RegularFile&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), size_(other.size_), modified_(other.modified_) {}
  RegularFile& operator=(RegularFile&&) = delete;
  ~RegularFile();

  [[nodiscard]] int descriptor() const noexcept { return fd_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::chrono::system_clock::time_point modified() const noexcept {
    return modified_;
  }
  // Reads on. Error if the file ends before `to` is full.
  [[nodiscard]] Result<void, std::string> read(MutableBytes to);
  // Whether somebody wrote to it since it was opened: what was read may be half of each text.
  [[nodiscard]] bool changed() const noexcept;

 private:
  RegularFile(int fd, std::size_t size, std::chrono::system_clock::time_point modified) noexcept
      : fd_(fd), size_(size), modified_(modified) {}

  int fd_;
  std::size_t size_;
  std::chrono::system_clock::time_point modified_;
};

}  // namespace sluice::lists
