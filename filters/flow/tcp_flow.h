#pragma once

// What a gateway in the middle knows of one TCP connection (RFC 9293): who is the client, where its
// stream starts, how much of it the server has acknowledged, and how much the server has sent.
//
// The server tells the truth: a SYN-ACK's acknowledgment says which of several SYNs counted (a
// decoy with a low TTL never reaches the server), also on ports that are in use. Sequence numbers
// become 64-bit offsets into the client's stream. Offset 0 is the first byte behind the SYN; data
// in the SYN (TCP Fast Open, RFC 7413) starts there too. Pure; a few words, by value; no
// allocation.
//
// Where routes are asymmetric, packets of one end take another way. No acknowledgment then says
// which bytes can no longer change, or which SYN counted. So that packets of a client alone are
// still read as its server reads them:
//
//   given up      bytes that are no longer kept, though nobody acknowledged them: a copy of them is
//                 told apart (Kind::given_up), for it may differ from the first
//   another SYN   counts if the connection before it is over, and its numbers keep clear of what
//                 the server of that one waits for; others are Kind::other_start
//   2 GiB         behind what was acknowledged, a number could mean two places: Kind::endless. Less
//                 behind another connection on the same ports

#include <algorithm>
#include <cstdint>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/packet/packet.h"

namespace sluice::flow {

// Which packets of a connection come by.
enum class Routes : std::uint8_t {
  symmetric,   // those of both ends
  asymmetric,  // perhaps those of one end only
};

// Where the payload of a client's packet lies in its stream.
struct ClientSegment {
  enum class Kind : std::uint8_t {
    empty,  // no payload
    data,
    stale,      // all of it was acknowledged before: the server discards the bytes and answers
    early,      // data in a SYN on ports in use: whether it opens a connection, its SYN-ACK tells
    far,        // all before the start, or absurdly far behind it: in no server's window
    discarded,  // the server's stack discards the segment: see TcpFlow::on_client
    // Routes::asymmetric only:
    given_up,     // some of it can no longer be compared: see TcpFlow::give_up
    other_start,  // a SYN that may belong to another connection than the bytes that went before
    endless,      // so far behind what was acknowledged that its place is not certain
  };
  Kind kind = Kind::empty;
  std::uint64_t offset = 0;
  Bytes bytes;             // the payload without acknowledged bytes
  bool restarted = false;  // another SYN than before, and none was answered: forget the stream
};

struct ServerEvent {
  bool restarted =
      false;  // the SYN-ACK opens another connection than we thought: forget the stream
  // The server answered the same SYN with another number, and has acknowledged no data: the same
  // connection, or another one. The stream's bytes still count.
  bool reopened = false;
  bool acknowledged_more = false;  // acknowledged() moved
  // It acknowledges what the client, as far as we saw, never sent: forged, or the bytes took
  // another way. A client that did not send them discards the packet. Nothing of it counts.
  bool acknowledges_unseen = false;
};

class TcpFlow {
 public:
  TcpFlow() noexcept = default;
  // A connection seen from its SYN (no ACK flag).
  [[nodiscard]] static TcpFlow from_syn(const packet::Packet& syn,
                                        Routes routes = Routes::symmetric) noexcept;
  // A connection of which the first packet seen is the server's answer.
  [[nodiscard]] static TcpFlow from_syn_ack(const packet::Packet& syn_ack,
                                            Routes routes = Routes::symmetric) noexcept;
  // A connection whose SYN was not seen; `data` is taken as the start of the client's stream.
  [[nodiscard]] static TcpFlow midstream(const packet::Packet& data,
                                         Routes routes = Routes::symmetric) noexcept;

  // Data is `discarded` where mainstream stacks discard it: without the ACK flag, with an
  // acknowledgment of what the server never sent or of before its start (RFC 9293 section 3.10.7.4,
  // RFC 5961 section 5), signed (MD5, AO) where the SYN was not, with a timestamp that is older
  // than the newest one the server has taken (PAWS, RFC 7323 section 5). If the server answered one
  // SYN with different numbers, any acknowledgment may be right: the data counts. If the server is
  // not heard, the SYN tells what can be told: of a signature, and of a timestamp before its own.
  [[nodiscard]] ClientSegment on_client(const packet::Packet& packet) noexcept;
  // An acknowledgment counts if the client would take it (RFC 9293 section 3.10.7.4, RFC 5961
  // section 5): of bytes that it has sent, in a segment that lies in its window.
  // `come`: how much of the client's stream has been seen, where packets may be out of order even
  // between the directions (a capture of several queues). What the server acknowledges beyond it,
  // up to kMostLate, does not count yet.
  [[nodiscard]] ServerEvent on_server(const packet::Packet& packet,
                                      std::uint64_t come = kEverything) noexcept;
  static constexpr std::uint64_t kEverything = ~std::uint64_t{0};
  static constexpr std::uint64_t kMostLate = 0x10000;

  // What the packet of the server acknowledges was sent, though it did not come by.
  void take_as_sent(const packet::Packet& packet) noexcept {
    client_next_ = packet.tcp.acknowledgment;
  }

  // Bytes in front of `offset` are no longer kept. REQUIRES: Routes::asymmetric.
  void give_up(std::uint64_t offset) noexcept { given_up_ = std::max(given_up_, offset); }

  // None of its bytes passes from here on: another SYN may have its ports.
  void end() noexcept { is_over_ = true; }

  // Offset up to which the server has acknowledged the client's stream.
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  // Offset up to which no other copy counts: the server discards it, or it is told apart.
  [[nodiscard]] std::uint64_t settled() const noexcept {
    return std::max(acknowledged_, given_up_);
  }
  [[nodiscard]] bool is_asymmetric() const noexcept { return asymmetric_; }
  // It began with a SYN, and its server has not been heard. Always false of symmetric routes.
  [[nodiscard]] bool is_server_unheard() const noexcept {
    return asymmetric_ && !handshake_seen_ && !midstream_;
  }
  // Its server was heard, and no byte of its client. Always false of symmetric routes.
  [[nodiscard]] bool is_client_unheard() const noexcept {
    return asymmetric_ && handshake_seen_ && come_ == 0;
  }
  // A SYN and its SYN-ACK were seen: a reset may be sent into this connection.
  [[nodiscard]] bool handshake_seen() const noexcept { return handshake_seen_; }
  [[nodiscard]] bool is_midstream() const noexcept { return midstream_; }
  // The sequence number of the client's stream at `offset`.
  [[nodiscard]] std::uint32_t sequence_at(std::uint64_t offset) const noexcept {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }
  // The sequence number behind all that the server has sent; none: no packet of it was seen.
  [[nodiscard]] std::optional<std::uint32_t> server_next() const noexcept {
    return server_seen_ ? std::optional(server_next_) : std::nullopt;
  }

 private:
  static constexpr std::uint8_t kMaxWindowScale = 14;  // RFC 7323 section 2.3
  static constexpr std::uint64_t kEverySequence = std::uint64_t{1} << 32;

  ClientSegment on_client_syn(const packet::Packet& packet) noexcept;
  bool start_anew(const packet::Packet& syn) noexcept;
  [[nodiscard]] std::uint64_t certain() const noexcept;
  [[nodiscard]] ClientSegment place_segment(const packet::Packet& packet) const noexcept;
  void note_place(const packet::Packet& packet, ClientSegment& segment) noexcept;
  void note_end(const packet::Packet& packet) noexcept;
  ServerEvent on_syn_ack(const packet::Packet& packet) noexcept;
  [[nodiscard]] bool is_discarded(const packet::Packet& packet) noexcept;
  [[nodiscard]] bool is_acceptable(std::uint32_t acknowledgment) const noexcept;
  [[nodiscard]] bool is_in_window_of_client(const packet::Packet& packet) const noexcept;
  void note_client(const packet::Packet& packet) noexcept;
  void note_server(const packet::Packet& packet) noexcept;

  std::uint64_t acknowledged_ = 0;
  std::uint64_t fin_offset_ = 0;  // of the client's FIN, once seen
  // Routes::asymmetric:
  std::uint64_t given_up_ = 0;           // offset
  std::uint64_t come_ = 0;               // bytes of the client, copies included
  std::uint64_t reach_ = 0;              // offset behind the last of them
  std::uint64_t room_ = kEverySequence;  // numbers from offset 0 on that no connection had before
  std::uint32_t first_sequence_ = 0;     // of offset 0: SYN + 1
  std::uint32_t in_syn_ = 0;             // bytes of data that the SYN carried: may be acknowledged
  std::uint32_t server_next_ = 0;
  std::uint32_t server_sent_ = 0;       // bytes since its SYN, up to kMostAhead
  std::uint32_t newest_timestamp_ = 0;  // TS.Recent of the server, RFC 7323 section 4.3
  std::uint32_t client_next_ = 0;       // behind all that the client has sent
  std::uint32_t client_has_ = 0;        // of the server's stream: the newest acknowledgment
  std::uint32_t client_window_ = 0;     // the largest; 0: none was seen
  std::uint8_t client_scale_ = kMaxWindowScale;
  bool handshake_seen_ = false;
  bool midstream_ = false;
  bool client_fin_ = false;
  bool server_seen_ = false;
  bool has_two_starts_ = false;     // the server answered one SYN with different numbers
  bool offers_timestamps_ = false;  // the SYN has the option …
  bool has_timestamps_ = false;     // … and so has the SYN-ACK
  bool is_signed_ = false;          // the SYN has MD5 or AO
  bool asymmetric_ = false;         // Routes::asymmetric
  bool has_acknowledged_ = false;   // the client: it takes the connection for open
  bool is_over_ = false;            // the client ended or reset it where its stream ends, or end()
};

}  // namespace sluice::flow
