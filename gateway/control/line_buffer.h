#pragma once

// Cuts what a peer sends into lines, in a bounded buffer.
//
// A line ends with a line feed. One of over `most` bytes makes the buffer overfull, for good: where
// the next line would begin is then nobody's guess.
// Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control {

class LineBuffer {
 public:
  explicit LineBuffer(std::size_t most) : most_(most) {}

  void add(std::string_view bytes);
  // The oldest whole line, without its end. Nothing: there is none yet, or it is overfull.
  [[nodiscard]] std::optional<std::string> next();
  [[nodiscard]] bool is_overfull() const noexcept { return overfull_; }
  // Bytes that are kept.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::size_t most_;
  std::string bytes_;
  bool overfull_ = false;
};

}  // namespace sluice::control
