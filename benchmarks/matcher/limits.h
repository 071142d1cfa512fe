#pragma once

// What the machine itself can do: random loads from a table of cache lines, as large as our hot
// part and on the same kind of pages. No look-up that reads one line can be faster.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sluice::bench {

class Limits {
 public:
  explicit Limits(std::size_t bytes);

  // Loads that the machine may overlap; a sum, so that they are done.
  [[nodiscard]] std::uint64_t independent(std::size_t count) const noexcept;
  // Each load says where the next one is.
  [[nodiscard]] std::uint64_t dependent(std::size_t count) const noexcept;

 private:
  struct alignas(64) Line {
    std::uint64_t next;
  };

  std::shared_ptr<std::byte> memory_;
  std::span<Line> lines_;
};

}  // namespace sluice::bench
