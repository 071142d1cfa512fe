#include "filters/flow/tcp_flow.h"

#include <algorithm>

#include "filters/flow/sequence.h"

namespace sluice::flow {
namespace {

std::uint32_t bytes_of(const packet::Packet& packet) {
  return static_cast<std::uint32_t>(packet.payload.size());
}

}  // namespace

TcpFlow TcpFlow::from_syn(const packet::Packet& syn) noexcept {
  TcpFlow flow;
  flow.first_sequence_ = syn.tcp.sequence + 1;
  flow.in_syn_ = bytes_of(syn);
  return flow;
}

TcpFlow TcpFlow::from_syn_ack(const packet::Packet& syn_ack) noexcept {
  TcpFlow flow;
  flow.first_sequence_ = syn_ack.tcp.acknowledgment;
  flow.handshake_seen_ = true;
  return flow;
}

TcpFlow TcpFlow::midstream(const packet::Packet& data) noexcept {
  TcpFlow flow;
  flow.first_sequence_ = data.tcp.sequence;
  flow.midstream_ = true;
  return flow;
}

ClientSegment TcpFlow::on_client_syn(const packet::Packet& packet) noexcept {
  ClientSegment segment;
  const bool has_data = !packet.payload.empty();
  const bool is_other = packet.tcp.sequence + 1 != first_sequence_;
  if (handshake_seen_ || midstream_ || (is_other && (has_data || in_syn_ > 0))) {
    // The server decides whether this opens a connection: its SYN-ACK will tell. So it is where a
    // reset or an end was seen, too: they may be of no connection that the server knows.
    if (has_data) segment.kind = ClientSegment::Kind::early;
    return segment;
  }
  if (is_other) {
    // No SYN was answered yet: the newest one is the likeliest.
    *this = from_syn(packet);
    segment.restarted = true;
  }
  in_syn_ = std::max(in_syn_, bytes_of(packet));
  segment.bytes = packet.payload;
  if (has_data) segment.kind = ClientSegment::Kind::data;
  return segment;
}

ClientSegment TcpFlow::on_client(const packet::Packet& packet) noexcept {
  if (packet.tcp.syn) return on_client_syn(packet);
  ClientSegment segment;
  const std::uint32_t ahead = packet.tcp.sequence - sequence_at(acknowledged_);
  if (packet.tcp.fin) {
    const std::uint32_t end = ahead + bytes_of(packet);
    if (end < kMostAhead) {
      client_fin_ = true;
      fin_offset_ = acknowledged_ + end;
    }
  }
  if (packet.payload.empty()) return segment;
  const Placed placed =
      place(packet.payload, packet.tcp.sequence, {acknowledged_, sequence_at(acknowledged_)});
  switch (placed.kind) {
    case Placed::Kind::inside:
      segment.kind = ClientSegment::Kind::data;
      segment.offset = placed.offset;
      segment.bytes = placed.bytes;
      break;
    case Placed::Kind::before:
      segment.kind =
          placed.distance > acknowledged_ ? ClientSegment::Kind::far : ClientSegment::Kind::stale;
      break;
    case Placed::Kind::far:
      segment.kind = ClientSegment::Kind::far;
      break;
  }
  return segment;
}

ServerEvent TcpFlow::on_syn_ack(const packet::Packet& packet) noexcept {
  const std::uint32_t answered = packet.tcp.acknowledgment;
  ServerEvent event;
  if (answered - first_sequence_ > in_syn_) {
    // Of a SYN that we took for a decoy, that came on a live connection, or that we did not see.
    *this = TcpFlow{};
    first_sequence_ = answered;
    event.restarted = true;
  }
  handshake_seen_ = true;
  midstream_ = false;
  return event;
}

ServerEvent TcpFlow::on_server(const packet::Packet& packet) noexcept {
  ServerEvent event;
  if (packet.tcp.rst) return event;
  if (packet.tcp.syn && packet.tcp.ack) event = on_syn_ack(packet);
  // Before its SYN-ACK, what a server acknowledges is of an older connection (RFC 9293 section
  // 3.10.7.3 has the client reset that one).
  if (!packet.tcp.ack || (!handshake_seen_ && !midstream_)) return event;
  const std::uint32_t more = packet.tcp.acknowledgment - sequence_at(acknowledged_);
  if (more != 0 && more <= kMostAhead) {
    // The client's FIN takes a sequence number, and is no byte of the stream.
    const bool of_fin = client_fin_ && acknowledged_ + more == fin_offset_ + 1;
    const std::uint64_t acknowledged = of_fin ? fin_offset_ : acknowledged_ + more;
    event.acknowledged_more = acknowledged > acknowledged_;
    acknowledged_ = acknowledged;
  }
  return event;
}

}  // namespace sluice::flow
