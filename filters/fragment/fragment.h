#pragma once

// One IP fragment: whose bytes it has, and where they belong (RFC 791 section 3.2, RFC 8200
// section 4.5).
//
//   IPv4 | header, options | data |      IPv6 | header, extensions | Fragment 8 | data |
//          ID, offset, MF in it                                      ID, offset, M in it
//
// Input: a decoded packet that is a fragment. Output: a view into it. Pure, no allocation. Strict:
// what only some hosts would take is refused, for the others would read something else.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "filters/packet/packet.h"

namespace sluice::fragment {

struct Fragment {
  std::uint32_t id = 0;       // 16 bits in IPv4
  std::uint8_t protocol = 0;  // what the whole carries; IPv6: as this fragment says
  bool more = false;
  std::uint32_t offset = 0;  // of `data` in the whole's payload
  Bytes data;

  [[nodiscard]] std::size_t end() const noexcept { return offset + data.size(); }
};

enum class FragmentError : std::uint8_t {
  bad_checksum,  // of the IPv4 header: every host discards it
  malformed,     // no data, cut, behind the longest packet, or not of whole blocks: hosts differ
};

// ByteVector of payload that a whole packet may have at most.
[[nodiscard]] std::size_t most_payload(bool v4) noexcept;

// `verify_checksum` false: the IPv4 header's checksum is not looked at.
// REQUIRES: `packet` was decoded and is a fragment.
[[nodiscard]] Result<Fragment, FragmentError> read_fragment(const packet::Packet& packet,
                                                            bool verify_checksum) noexcept;

}  // namespace sluice::fragment
