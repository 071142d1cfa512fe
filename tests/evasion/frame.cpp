#include "tests/evasion/frame.h"

#include <utility>

#include "filters/packet/checksum.h"

namespace sluice::evasion {
namespace {

using test::append;
using test::append_u16;
using test::append_u32;
using test::append_u8;

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kTcpHeader = 20;

ByteVector options_of(const Segment& segment) {
  ByteVector options;
  if (segment.timestamp) {
    append_u32(options, 0x0101080a);  // two NOPs, kind 8, length 10
    append_u32(options, *segment.timestamp);
    append_u32(options, 0);
  }
  if (segment.md5) {
    append_u16(options, 0x1312);  // kind 19, length 18
    options.resize(options.size() + 16, std::byte{0x77});
    append_u16(options, 0x0101);
  }
  return options;
}

ByteVector tcp_of(const Segment& segment, const Path& path) {
  constexpr std::string_view kFlags = "FSRPAU";
  const ByteVector options = options_of(segment);
  unsigned flags = 0;
  for (const char flag : segment.flags) flags |= 1U << kFlags.find(flag);
  ByteVector bytes;
  append_u16(bytes, path.source.port.number);
  append_u16(bytes, path.destination.port.number);
  append_u32(bytes, segment.sequence);
  append_u32(bytes, segment.acknowledgment);
  append_u8(bytes, static_cast<unsigned>((kTcpHeader + options.size()) / 4) << 4);
  append_u8(bytes, flags);
  append_u16(bytes, 0xffff);
  append_u16(bytes, 0);
  append_u16(bytes, segment.urgent);
  append(bytes, options);
  append(bytes, segment.payload);
  unsigned sum =
      packet::transport_checksum(path.source.address, path.destination.address, kTcp, bytes);
  if (segment.bad_checksum) sum ^= 0x1234;
  test::patch_u16(bytes, 16, sum);
  return bytes;
}

struct Carried {
  std::uint8_t protocol;
  std::uint8_t hops;
  Bytes payload;
};

void append_ip(ByteVector& frame, const Path& path, const Carried& carried) {
  const auto [protocol, hops, payload] = carried;
  const std::size_t start = frame.size();
  const bool v4 = path.source.address.is_v4();
  if (v4) {
    append_u16(frame, 0x4500);
    append_u16(frame, static_cast<unsigned>(20 + payload.size()));
    append_u32(frame, 0x22224000);  // identification, do not fragment
    append_u8(frame, hops);
    append_u8(frame, protocol);
    append_u16(frame, 0);
  } else {
    append_u32(frame, 0x60000000);
    append_u16(frame, static_cast<unsigned>(payload.size()));
    append_u8(frame, protocol);
    append_u8(frame, hops);
  }
  append(frame, path.source.address.wire());
  append(frame, path.destination.address.wire());
  if (v4) {
    const unsigned sum = packet::ones_complement_sum(Bytes(frame).subspan(start));
    test::patch_u16(frame, start + 10, ~sum & 0xffff);
  }
  append(frame, payload);
}

ByteVector udp_of(Bytes payload, const Path& path) {
  ByteVector bytes;
  append_u16(bytes, path.source.port.number);
  append_u16(bytes, path.destination.port.number);
  append_u16(bytes, static_cast<unsigned>(8 + payload.size()));
  append_u16(bytes, 0);
  append(bytes, payload);
  test::patch_u16(
      bytes, 6,
      packet::transport_checksum(path.source.address, path.destination.address, kUdp, bytes));
  return bytes;
}

ByteVector ethernet_of(const Path& path, const Carried& carried) {
  ByteVector frame(12, std::byte{0x02});  // Ethernet addresses
  for (std::size_t i = 0; i < path.vlans.size(); ++i) {
    append_u16(frame, i + 1 < path.vlans.size() ? 0x88a8 : 0x8100);
    append_u16(frame, path.vlans[i]);
  }
  append_u16(frame, path.source.address.is_v4() ? 0x0800 : 0x86dd);
  append_ip(frame, path, carried);
  return frame;
}

IpAddress address_in(Family family, std::uint32_t network, std::uint32_t number) {
  constexpr std::uint32_t kPrivate = 10U << 24;
  ByteVector bytes;
  if (family == Family::v4) {
    append_u32(bytes, kPrivate + (network << 22) + number);
  } else {
    append_u32(bytes, 0xfd000000 + network);
    append_u32(bytes, number);  // a /64 each: that is a client for limits
    append_u32(bytes, 0);
    append_u32(bytes, 1);
  }
  return IpAddress::from_bytes(bytes);
}

}  // namespace

Path path_of(Pair pair, Family family, std::uint16_t port) {
  const bool v4 = family == Family::v4;
  Path path{test::endpoint(v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000"),
            test::endpoint(v4 ? "198.51.100.2:1" : "[2001:db8:1::2]:1"),
            {}};
  path.destination.port.number = port;
  if (pair.number == 0) return path;
  path.source.address = address_in(family, 2 * pair.wire, pair.number);
  path.destination.address = address_in(family, 2 * pair.wire + 1, pair.number);
  return path;
}

Path reversed(Path path) {
  std::swap(path.source, path.destination);
  return path;
}

ByteVector frame_of(const Segment& segment, const Path& path) {
  const ByteVector carried = tcp_of(segment, path);
  return ethernet_of(path, {kTcp, segment.hops, carried});
}

ByteVector datagram_frame(Bytes payload, const Path& path) {
  const ByteVector carried = udp_of(payload, path);
  return ethernet_of(path, {kUdp, kEnoughHops, carried});
}

}  // namespace sluice::evasion
