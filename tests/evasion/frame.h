#pragma once

// The generator: TCP segments and UDP datagrams as frames on the wire, with every field that
// evasion tools change.
//
// Lengths and checksums are right unless told otherwise.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "filters/base/ip_address.h"
#include "tests/support/packet_builder.h"

namespace sluice::evasion {

using test::ByteVector;

// Routers between the gateway and the server: a packet with a smaller TTL never arrives.
inline constexpr std::uint8_t kHopsToServer = 8;
inline constexpr std::uint8_t kEnoughHops = 64;
inline constexpr std::uint8_t kTooFewHops = 3;

struct Segment {
  std::uint32_t sequence = 0, acknowledgment = 0;
  std::string_view flags = "A";  // of "FSRPAU"
  ByteVector payload;
  std::uint8_t hops = kEnoughHops;
  bool bad_checksum = false;
  bool md5 = false;                        // a signature option (RFC 2385) that nobody asked for
  std::optional<std::uint32_t> timestamp;  // RFC 7323
  std::uint16_t urgent = 0;                // urgent pointer; counts with the flag U
};

enum class Family : std::uint8_t { v4, v6 };

struct Path {
  Endpoint source, destination;
  std::vector<std::uint16_t> vlans;  // outermost first; of two, the outer one is 802.1ad
};

// A client and its server, of many. The first pair has addresses for documentation. The others have
// each their own, below 2^22, in the networks of a wire: clients in 10.0.0.0/10 and fd00:0::/32,
// servers in 10.64.0.0/10 and fd00:1::/32; those of the next wire follow.
struct Pair {
  std::uint32_t number = 0, wire = 0;
};
// To a port of the server.
[[nodiscard]] Path path_of(Pair pair, Family family, std::uint16_t port);
[[nodiscard]] Path reversed(Path path);

[[nodiscard]] ByteVector frame_of(const Segment& segment, const Path& path);
[[nodiscard]] ByteVector datagram_frame(Bytes payload, const Path& path);

}  // namespace sluice::evasion
