#pragma once

// Headers that a client may put around or into its packets, and that its server, or what stands in
// front of it, takes off again without a word.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tests/support/packet_builder.h"

namespace sluice::evasion {

using test::ByteVector;

enum class Header : std::uint8_t {
  none,
  priority_tag,    // 802.1Q with identifier 0, which Linux strips however many there are
  llc,             // 802.2 with SNAP, where the type was
  llc_behind_tag,  // the same behind a priority tag
  authentication,  // RFC 4302 in transport mode
  options,         // IPv6 destination options; over IPv4 authentication
  no_length,       // IPv6 hop-by-hop options and payload length 0; over IPv4 a priority tag
};

struct Wrapping {
  Header header = Header::none;
  std::size_t times = 1;
};

// `frame` is Ethernet without tags, IPv4 without options or IPv6 without extension headers.
[[nodiscard]] ByteVector wrap(const ByteVector& frame, Wrapping wrapping);
// What is left of `wrapped` for the server, which may have been changed on its way. REQUIRES:
// wrap(frame, wrapping) has its size.
[[nodiscard]] ByteVector unwrap(const ByteVector& wrapped, const ByteVector& frame,
                                Wrapping wrapping);

}  // namespace sluice::evasion
