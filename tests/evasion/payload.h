#pragma once

// What a client sends, by protocol, and how a server reads it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::evasion {

using test::ByteVector;

enum class Kind : std::uint8_t {
  tls,
  tls_post_quantum,
  http,
  http2,
  dns,
  dns_udp,
  quic,  // a hello in Initials
  dtls,
};
// Over TCP.
inline constexpr Kind kKinds[] = {Kind::tls, Kind::tls_post_quantum, Kind::http, Kind::http2,
                                  Kind::dns};
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::uint16_t port_of(Kind kind);
[[nodiscard]] constexpr bool is_over_udp(Kind kind) {
  return kind == Kind::dns_udp || kind == Kind::quic || kind == Kind::dtls;
}

// Equally long, so that one can replace the other.
inline constexpr std::string_view kBannedName = "abc.wechat.com";
inline constexpr std::string_view kOrdinaryName = "abc.weather.io";
inline constexpr std::string_view kDecoyName = "abc.example.io";

// A handshake message; `key_share` bytes of it stand before the name, as browsers send it.
[[nodiscard]] ByteVector client_hello(std::string_view name, std::size_t key_share = 32);

struct Payload {
  Kind kind = Kind::tls;
  std::string name;         // that the client wants
  ByteVector stream;        // what it sends; over UDP the message
  ByteVector decoy;         // the same with another name, which no list bans
  std::size_t name_at = 0;  // where its name starts
  std::size_t name_end = 0;
};
[[nodiscard]] Payload payload_of(Kind kind, std::string_view name);
// The same with a stream of one's own; `name_at` and `name_end` as found in it.
[[nodiscard]] Payload payload_of(Kind kind, std::string_view name, ByteVector stream,
                                 ByteVector decoy);

// The names that a server reads in a stream: those of whole messages only, in lower case.
[[nodiscard]] std::vector<std::string> names_in(Kind kind, Bytes stream);

// The names that a client is led to by a server's stream of DNS answers: CNAME, DNAME, HTTPS; and
// what it finds in place of keys for Encrypted ClientHello.
[[nodiscard]] std::vector<std::string> targets_in(Bytes stream);

}  // namespace sluice::evasion
