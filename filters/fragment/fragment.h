#pragma once

// One IP fragment: its datagram, and where its bytes belong (RFC 791 section 3.2, RFC 8200 section
// 4.5).
//
//   IPv4 | header, options | data |      IPv6 | header, extensions | Fragment 8 | data |
//          ID, offset, MF in it                                      ID, offset, M in it
//
// Input: a decoded packet that is a fragment. Output: a view into it. Pure, no allocation. Strict:
// refuses fragments that hosts treat differently.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "filters/packet/packet.h"

namespace sluice::fragment {

struct Fragment {
  std::uint32_t id = 0;       // 16 bits in IPv4
  std::uint8_t protocol = 0;  // of the datagram; IPv6: as this fragment says
  bool more = false;
  std::uint32_t offset = 0;  // of `data` in the datagram's payload
  Bytes data;

  [[nodiscard]] std::size_t end() const noexcept { return offset + data.size(); }
};

enum class FragmentError : std::uint8_t {
  bad_checksum,  // of the IPv4 header; every host discards the fragment
  malformed,     // no data, cut, beyond 64 KiB, or no whole blocks: hosts differ
};

// Most payload bytes of a whole packet.
[[nodiscard]] std::size_t most_payload(bool v4) noexcept;

// `verify_checksum` false: ignores the checksum of the IPv4 header.
// REQUIRES: `packet` was decoded and is a fragment.
[[nodiscard]] Result<Fragment, FragmentError> read_fragment(const packet::Packet& packet,
                                                            bool verify_checksum) noexcept;

}  // namespace sluice::fragment
