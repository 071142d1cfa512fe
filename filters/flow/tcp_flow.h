#pragma once

// What a gateway in the middle knows of one TCP connection (RFC 9293): who is the client, where its
// stream starts, and how much of it the server has acknowledged.
//
// It trusts the server for the truth: a SYN-ACK's acknowledgment tells which of several SYNs
// counted (decoys with a low TTL never reach the server), also on ports that are in use. Sequence
// numbers become 64-bit offsets into the client's stream, offset 0 being the first byte behind the
// SYN; data in the SYN (TCP Fast Open, RFC 7413) is at offset 0 too. Pure; a few words, by value;
// no allocation.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/packet/packet.h"

namespace sluice::flow {

enum class Sender : std::uint8_t { client, server };

// Where the payload of a client's packet lies in its stream.
struct ClientSegment {
  enum class Kind : std::uint8_t {
    empty,  // no payload
    data,
    stale,  // all of it was acknowledged before: the server discards it
    early,  // data in a SYN on ports in use: whether it opens a connection, its SYN-ACK tells
    far,    // all before the start, or absurdly far behind it: in no server's window
  };
  Kind kind = Kind::empty;
  std::uint64_t offset = 0;
  Bytes bytes;             // what is left of the payload behind acknowledged bytes
  bool restarted = false;  // another SYN than before, and none was answered: forget the stream
};

struct ServerEvent {
  bool restarted = false;  // the SYN-ACK answers another SYN than we thought: forget the stream
  bool acknowledged_more = false;  // acknowledged() moved
};

class TcpFlow {
 public:
  TcpFlow() noexcept = default;
  // A connection seen from its SYN (no ACK flag).
  [[nodiscard]] static TcpFlow from_syn(const packet::Packet& syn) noexcept;
  // A connection of which the first packet seen is the server's answer.
  [[nodiscard]] static TcpFlow from_syn_ack(const packet::Packet& syn_ack) noexcept;
  // A connection whose SYN was not seen; `data` is taken as the start of the client's stream.
  [[nodiscard]] static TcpFlow midstream(const packet::Packet& data) noexcept;

  [[nodiscard]] ClientSegment on_client(const packet::Packet& packet) noexcept;
  [[nodiscard]] ServerEvent on_server(const packet::Packet& packet) noexcept;

  // Offset up to which the server has acknowledged the client's stream.
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  // A SYN and its SYN-ACK were seen: a reset may be sent into this connection.
  [[nodiscard]] bool handshake_seen() const noexcept { return handshake_seen_; }
  [[nodiscard]] bool is_midstream() const noexcept { return midstream_; }
  // The sequence number of the client's stream at `offset`.
  [[nodiscard]] std::uint32_t sequence_at(std::uint64_t offset) const noexcept {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }

 private:
  ClientSegment on_client_syn(const packet::Packet& packet) noexcept;
  ServerEvent on_syn_ack(const packet::Packet& packet) noexcept;

  std::uint64_t acknowledged_ = 0;
  std::uint64_t fin_offset_ = 0;      // of the client's FIN, once seen
  std::uint32_t first_sequence_ = 0;  // of offset 0: SYN + 1
  std::uint32_t in_syn_ = 0;          // bytes of data that the SYN carried: may be acknowledged
  bool handshake_seen_ = false;
  bool midstream_ = false;
  bool client_fin_ = false;
};

}  // namespace sluice::flow
