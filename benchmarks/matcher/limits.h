#pragma once

// The limit of the machine: random loads from a table of cache lines, as large as our hot part and
// on the same kind of pages. No lookup that reads one cache line can be faster.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sluice::bench {

class Limits {
 public:
  explicit Limits(std::size_t bytes);

  // Loads that the CPU may overlap. Returns a sum, so that the compiler keeps them.
  [[nodiscard]] std::uint64_t independent(std::size_t count) const noexcept;
  // Each load gives the address of the next one.
  [[nodiscard]] std::uint64_t dependent(std::size_t count) const noexcept;

 private:
  struct alignas(64) Line {
    std::uint64_t next;
  };

  std::shared_ptr<std::byte> memory_;
  std::span<Line> lines_;
};

}  // namespace sluice::bench
