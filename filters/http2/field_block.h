#pragma once

// The hosts that a field block names (HPACK, RFC 7541 section 6; RFC 9113 section 8.3.1):
//
//   | 1 | index 7+ |                        a field of the static or the dynamic table
//   | 01 | name index 6+ | [name] | value | a literal, which enters the dynamic table
//   | 000x | name index 4+ | [name] | value | a literal that does not
//   | 001 | size 5+ |                       of the dynamic table
//
// No dynamic table is kept, and none is needed: each entry was a literal once, and was read then.
// So an indexed field only repeats what was judged. But a literal may take its *name* from the
// table, so one bit of each entry is kept: whether its name is one that names hosts. Bits are never
// removed: an entry that was evicted, or never fitted, is older than all that may still be named.
//
// Every `:authority`, `host` and `:path` counts, wherever it stands: twice, behind other fields, in
// a trailer. Many servers refuse that; we do not guess which. A path that begins with `/` has no
// authority, and is not decoded.
// Pure: no allocation, no exceptions; `room` is for one string at a time. Cost: one pass, and the
// decoding of kMaxDecoding bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "filters/http2/huffman.h"

namespace sluice::http2 {

// Whether the newest entries of a dynamic table have names that name hosts.
class Entries {
 public:
  void add(bool names_host) noexcept { bits_ = bits_ << 1 | std::uint64_t{names_host}; }
  // 0 is the newest one. True for entries that are older than those remembered: they may. A table
  // of the default size holds 128 of the smallest entries, or about 50 ordinary ones.
  [[nodiscard]] bool may_name_host(std::size_t age) const noexcept {
    return age >= kRemembered || (bits_ >> age & 1U) != 0;
  }

 private:
  static constexpr std::size_t kRemembered = 64;
  std::uint64_t bits_ = 0;
};

enum class FieldError : std::uint8_t {
  malformed,
  too_large,  // over kMaxDecoding
};

// Bytes in Huffman's code that are decoded in one block. Each string counts for kDecoding more.
inline constexpr std::size_t kMaxDecoding = 2048;
inline constexpr std::size_t kDecoding = 32;

struct Fields {
  bool repeats_host = false;  // an entry of the dynamic table that may be a host
};

// Calls `on_value` with each value of the three fields that may hold an authority, decoded; the
// view is valid for that call. Updates `entries`. After an error neither is reliable.
[[nodiscard]] Result<Fields, FieldError> read_fields(
    Bytes block, Entries& entries, HuffmanRoom& room,
    FunctionRef<void(std::string_view)> on_value) noexcept;

}  // namespace sluice::http2
