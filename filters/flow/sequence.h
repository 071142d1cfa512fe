#pragma once

// Sequence numbers of TCP and offsets into a stream (RFC 9293 section 3.4). Pure.

#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice::flow {

// Distances of sequence numbers from here on are taken as backwards.
inline constexpr std::uint32_t kBackwards = 0x80000000U;
// A sender goes no further ahead than a scaled window (RFC 7323 section 2.2).
inline constexpr std::uint32_t kMostAhead = 1U << 30;

struct Mark {  // a place in a stream that is known by both
  std::uint64_t offset = 0;
  std::uint32_t sequence = 0;
};

struct Placed {
  enum class Kind : std::uint8_t {
    inside,
    before,  // all of it lies before the mark, by `distance` bytes
    far,     // absurdly far behind the mark: in nobody's window
  };
  Kind kind = Kind::inside;
  std::uint64_t offset = 0;  // inside: of `bytes`, which lie behind the mark
  Bytes bytes;
  std::uint32_t distance = 0;
};

// Where bytes that begin at `sequence` lie. Those before the mark are trimmed off, as receivers do
// with what lies before their window.
[[nodiscard]] inline Placed place(Bytes bytes, std::uint32_t sequence, const Mark& mark) noexcept {
  const std::uint32_t ahead = sequence - mark.sequence;
  if (ahead < kBackwards) {
    if (ahead > kMostAhead) return {.kind = Placed::Kind::far};
    return {.offset = mark.offset + ahead, .bytes = bytes};
  }
  const std::uint32_t behind = 0U - ahead;
  if (behind >= bytes.size()) return {.kind = Placed::Kind::before, .distance = behind};
  return {.offset = mark.offset, .bytes = bytes.subspan(behind)};
}

}  // namespace sluice::flow
