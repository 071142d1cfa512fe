#pragma once

// Forgotten: of what could not be kept until it was over, that it was there. What comes of it later
// is refused, because nobody can judge it: half of a hello has passed, say, and the other half
// comes when the connection has lost its place in a table.
//
//   | spare: cleared bit by bit | the generation before | this one |      three Bloom filters
//                                                         ◄─ add()
//
// An entry is remembered for one to two generations, each of `period` or of `most` entries. has()
// never says no of these. Of others it says yes less than once in ten million times with 64 bits
// for each entry, and once in a thousand times with 16 bits, where both generations are full. One
// worker owns one. No allocation after construction. Cost: up to eight probes a filter; add() and
// tidy() clear a little.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "filters/base/time.h"

namespace sluice::flow {

class Forgotten {
 public:
  struct Size {
    std::size_t most = 0;  // entries of a generation
    std::size_t bits = 0;  // for each
  };
  Forgotten(Size size, Nanos period);

  // `hash`: keyed, of what is forgotten.
  void add(std::uint64_t hash, Nanos now) noexcept;
  [[nodiscard]] bool has(std::uint64_t hash) const noexcept;
  // Ends a generation that is over; a bounded amount of work a call.
  void tidy(Nanos now) noexcept;

  [[nodiscard]] static std::size_t memory_bytes(Size size) noexcept;

 private:
  struct Filter {
    std::unique_ptr<std::uint64_t[]> bits;
    std::size_t added = 0;
  };
  static constexpr std::size_t kFilters = 3;

  void clear(std::size_t words) noexcept;
  void turn(Nanos now) noexcept;
  [[nodiscard]] bool has(const Filter& filter, std::uint64_t hash) const noexcept;

  Size size_;
  Nanos period_;
  std::uint64_t mask_;  // of the number of a bit
  std::array<Filter, kFilters> filters_;
  std::size_t newest_ = 0;   // the generation before lies behind it, then the spare one
  std::size_t cleared_ = 0;  // words of the spare one
  Nanos started_{0};         // this generation
};

}  // namespace sluice::flow
