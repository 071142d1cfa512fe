#pragma once

// The hosts that a field block names (HPACK, RFC 7541 section 6; RFC 9113 section 8.3.1):
//
//   | 1 | index 7+ |                        a field of the static or the dynamic table
//   | 01 | name index 6+ | [name] | value | a literal, which enters the dynamic table
//   | 000x | name index 4+ | [name] | value | a literal that does not
//   | 001 | size 5+ |                       of the dynamic table
//
// No dynamic table is kept, and none is needed: whatever is in it was a literal once, and was read
// then. So an indexed field only repeats what was judged. A literal may take its *name* from the
// table, though; so one bit of each entry is remembered: whether its name is one that names hosts.
// Bits are never taken away: an entry that was evicted, or never fitted, is older than all that may
// still be named.
//
// Every `:authority`, `host` and `:path` counts, wherever it stands: twice, behind other fields, in
// a trailer. A server refuses most of that; which ones do, we do not guess.
// Pure: no allocation, no exceptions; `room` is for one string at a time.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "filters/http2/huffman.h"

namespace sluice::http2 {

// Of the newest entries of a dynamic table, whether their name is one that names hosts.
class Entries {
 public:
  void add(bool names_host) noexcept { bits_ = bits_ << 1 | std::uint64_t{names_host}; }
  // 0 is the newest one. Of older ones than are remembered: true, for they may. A table of the size
  // that servers have unless they say otherwise holds 128 of the smallest, 50 of the usual ones.
  [[nodiscard]] bool may_name_host(std::size_t age) const noexcept {
    return age >= kRemembered || (bits_ >> age & 1U) != 0;
  }

  friend bool operator==(const Entries&, const Entries&) = default;

 private:
  static constexpr std::size_t kRemembered = 64;
  std::uint64_t bits_ = 0;
};

enum class FieldError : std::uint8_t { malformed };

struct Fields {
  bool repeats_host = false;  // an entry of the dynamic table that may be a host
};

// Hands each value of the three fields, decoded, to `on_value`; it is good for that call. Moves
// `entries` on. After an error neither counts.
[[nodiscard]] Result<Fields, FieldError> read_fields(
    Bytes block, Entries& entries, HuffmanRoom& room,
    FunctionRef<void(std::string_view)> on_value) noexcept;

}  // namespace sluice::http2
