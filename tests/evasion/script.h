#pragma once

// What a client puts on the wire: the packets of one attempt, in order. TCP as drawn below, or UDP
// if the payload's kind says so.
//
// Offsets count in the client's stream as filters/flow/README.md draws it: 0 is the first byte
// behind the SYN, which itself is at -1. Numbers on the wire follow from `initial`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/evasion/frame.h"
#include "tests/evasion/model_server.h"
#include "tests/evasion/wrapping.h"

namespace sluice::evasion {

// A fragment of a packet: [from, to) of what IP carries.
struct Piece {
  std::size_t from = 0, to = 0;
  bool of_decoy = false;
};

// A QUIC packet, and what a server finds in it.
struct SealedPacket {
  ByteVector bytes;
  std::string connection;
  std::vector<std::pair<std::uint64_t, ByteVector>>
      crypto;  // offsets and bytes of its CRYPTO frames
};

struct Shot {
  std::int64_t at = 0;
  std::string_view flags = "PA";
  ByteVector payload;
  std::uint8_t hops = kEnoughHops;
  bool bad_checksum = false;
  bool md5 = false;
  std::optional<std::uint32_t> timestamp;
  std::uint16_t urgent = 0;
  std::uint32_t acknowledgment_error = 0;  // added to the right acknowledgment
  bool as_server = false;                  // sent by the client under the server's address
  bool unseen = false;                     // before the gateway was there
  std::vector<Piece> pieces = {};          // none: sent in one piece
  ByteVector decoy = {};                   // payload from which decoy pieces are cut
  Wrapping wrapping = {};                  // around the packet, as far as its server's network
};

struct Script {
  std::string what;  // tells the scripts of one case apart
  std::vector<Shot> shots;
  ByteVector stream;  // what the client wants the server to read
  std::int64_t stream_at = 0;
  std::uint32_t initial = 1000;  // sequence number of offset -1
  bool fast_open = false;
  Handshake handshake = Handshake::normal;
  std::vector<std::uint16_t> vlans;
  // Part of it lies beyond the gateway's window, so it passes only when it is retransmitted.
  bool sends_again = false;
  // Only the server's words tell what the server discards. Where the gateway does not wait for them
  // (asymmetric routes) the client's connection may break, whatever name it wants.
  bool needs_server = false;
  std::vector<SealedPacket> sealed;

  explicit Script(ByteVector stream_of_client = {}) : stream(std::move(stream_of_client)) {}

  Script& add(Shot shot) {
    shots.push_back(std::move(shot));
    return *this;
  }
  Script& only_server_tells() {
    needs_server = true;
    return *this;
  }
  Script& syn(std::int64_t at = -1) { return add({.at = at, .flags = "S"}); }
  Script& ack(std::int64_t at = 0) { return add({.at = at, .flags = "A"}); }
  Script& open() { return syn().ack(); }
  // Bytes that the server must not accept; `turn` says why.
  template <typename Turn>
  Script& decoy(Bytes payload, Turn turn) {
    Shot shot{.payload = {payload.begin(), payload.end()}};
    turn(shot);
    return add(std::move(shot));
  }
  Script& bytes(std::size_t at, Bytes payload) {
    return add({.at = static_cast<std::int64_t>(at), .payload = {payload.begin(), payload.end()}});
  }
  // Of the stream, [from, to).
  Script& part(std::size_t from, std::size_t to) {
    return bytes(from, Bytes(stream).subspan(from, to - from));
  }
  // UDP.
  Script& datagram(Bytes payload) { return add({.payload = {payload.begin(), payload.end()}}); }
  Script& whole() { return part(0, stream.size()); }
};

}  // namespace sluice::evasion
