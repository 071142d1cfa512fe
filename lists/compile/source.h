#pragma once

// Where the text of a list comes from: a file today. A directory, a URL or a zone transfer is
// another `Read`, made where it is fetched.
//
// A Source is a value and may be copied; read() blocks, allocates, and may be called again for a
// newer text.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory_resource>
#include <string>

#include "filters/base/result.h"
#include "lists/format/format.h"

namespace sluice::lists {

struct ListText {
  std::pmr::string bytes;
  std::string version;  // differs where the text differs: a digest, or the serial of a zone
  std::chrono::system_clock::time_point modified;
  FormatChoice format = {};  // if the source knows it
};

class Source {
 public:
  using Read = std::function<Result<ListText, std::string>()>;

  Source() = default;  // REQUIRES: assigned before read()
  Source(std::string name, Read read) : name_(std::move(name)), read_(std::move(read)) {}
  // The version of a file is the first 16 hex digits of its SHA-256.
  [[nodiscard]] static Source file(const std::filesystem::path& path);

  // For messages, in front of a line number: the path of a file.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // Error: the reason, without the name.
  [[nodiscard]] Result<ListText, std::string> read() const { return read_(); }

 private:
  std::string name_;
  Read read_;
};

}  // namespace sluice::lists
