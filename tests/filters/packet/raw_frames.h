#pragma once

// Frames put together from bytes, and the packets that lie at their end.

#include <string_view>

#include "tests/support/packet_builder.h"

namespace sluice::packet {

using test::ByteVector;

// To a DNS server, with the payload "a question".
inline const ByteVector kFrame =
    test::FrameBuilder("192.0.2.1:5000", "198.51.100.2:53").payload("a question").build();
inline const ByteVector kFrame6 =
    test::FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53").payload("a question").build();

// A literal, zeros included.
template <std::size_t N>
[[nodiscard]] ByteVector raw(const char (&text)[N]) {
  return test::byte_vector(std::string_view(text, N - 1));
}
[[nodiscard]] inline ByteVector operator+(ByteVector a, const ByteVector& b) {
  test::append(a, b);
  return a;
}
// An Ethernet header of this type.
[[nodiscard]] inline ByteVector ethernet(unsigned type) {
  ByteVector header(12, std::byte{2});
  test::append_u16(header, type);
  return header;
}

}  // namespace sluice::packet
