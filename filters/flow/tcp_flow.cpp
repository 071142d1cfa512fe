#include "filters/flow/tcp_flow.h"

#include <algorithm>

namespace sluice::flow {
namespace {

// Distances of sequence numbers beyond this are taken as backwards (RFC 9293 section 3.4).
constexpr std::uint32_t kHalf = 0x80000000U;
// A client sends no further ahead than a scaled window (RFC 7323 section 2.2).
constexpr std::uint32_t kMostAhead = 1U << 30;

std::uint32_t octets_of(const packet::Packet& packet) {
  return static_cast<std::uint32_t>(packet.payload.size());
}

}  // namespace

TcpFlow TcpFlow::from_syn(const packet::Packet& syn) noexcept {
  TcpFlow flow;
  flow.first_sequence_ = syn.tcp.sequence + 1;
  flow.in_syn_ = octets_of(syn);
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
  const std::uint32_t first = packet.tcp.sequence + 1;
  if (closed_) {
    *this = from_syn(packet);
    segment.restarted = true;
  } else if (handshake_seen_ || midstream_) {
    // The server decides whether this opens a new connection: its SYN-ACK would tell.
    has_pending_ = first != first_sequence_;
    pending_sequence_ = first;
    pending_in_syn_ = octets_of(packet);
    return segment;
  } else if (first != first_sequence_) {
    // No SYN was answered yet: the newest one is the likeliest.
    *this = from_syn(packet);
    segment.restarted = true;
  } else {
    in_syn_ = std::max(in_syn_, octets_of(packet));
  }
  segment.bytes = packet.payload;
  if (!packet.payload.empty()) segment.kind = ClientSegment::Kind::data;
  return segment;
}

ClientSegment TcpFlow::on_client(const packet::Packet& packet) noexcept {
  if (packet.tcp.syn) return on_client_syn(packet);
  ClientSegment segment;
  const std::uint32_t ahead = packet.tcp.sequence - sequence_at(acknowledged_);
  if (packet.tcp.fin) {
    const std::uint32_t end = ahead + octets_of(packet);
    if (end < kMostAhead) {
      client_fin_ = true;
      fin_offset_ = acknowledged_ + end;
    }
  }
  if (packet.payload.empty()) return segment;
  if (ahead >= kHalf) {
    const std::uint32_t behind = 0U - ahead;
    if (behind >= packet.payload.size()) {
      segment.kind = behind > acknowledged_ ? ClientSegment::Kind::far : ClientSegment::Kind::stale;
    } else {
      // The server trims off what lies before its window, the start of the stream included.
      segment.kind = ClientSegment::Kind::data;
      segment.offset = acknowledged_;
      segment.bytes = packet.payload.subspan(behind);
    }
    return segment;
  }
  if (ahead > kMostAhead) {
    segment.kind = ClientSegment::Kind::far;
    return segment;
  }
  segment.kind = ClientSegment::Kind::data;
  segment.offset = acknowledged_ + ahead;
  segment.bytes = packet.payload;
  return segment;
}

ServerEvent TcpFlow::on_syn_ack(const packet::Packet& packet) noexcept {
  ServerEvent event;
  const std::uint32_t answered = packet.tcp.acknowledgment;
  const bool answers_pending = has_pending_ && answered - pending_sequence_ <= pending_in_syn_;
  if (answers_pending) {
    const std::uint32_t first = pending_sequence_;
    *this = TcpFlow{};
    first_sequence_ = first;
    event.restarted = true;
  } else if (!handshake_seen_ && !midstream_) {
    if (answered - first_sequence_ > in_syn_) {
      first_sequence_ = answered;  // of a SYN that we took for a decoy, or did not see
      event.restarted = true;
    }
  } else {
    return event;  // a repeated one, or none of this connection
  }
  handshake_seen_ = true;
  return event;
}

ServerEvent TcpFlow::on_server(const packet::Packet& packet) noexcept {
  ServerEvent event;
  if (packet.tcp.rst) {
    closed_ = true;
    return event;
  }
  if (packet.tcp.syn && packet.tcp.ack) event = on_syn_ack(packet);
  // Before its SYN-ACK, what a server acknowledges is of an older connection (RFC 9293 section
  // 3.10.7.3 has the client reset that one).
  if (!packet.tcp.ack || (!handshake_seen_ && !midstream_)) return event;
  if (packet.tcp.fin) server_fin_ = true;
  const std::uint32_t more = packet.tcp.acknowledgment - sequence_at(acknowledged_);
  if (more != 0 && more <= kMostAhead) {
    // The client's FIN takes a sequence number, and is no byte of the stream.
    const bool of_fin = client_fin_ && acknowledged_ + more == fin_offset_ + 1;
    fin_acknowledged_ = fin_acknowledged_ || of_fin;
    const std::uint64_t acknowledged = of_fin ? fin_offset_ : acknowledged_ + more;
    event.acknowledged_more = acknowledged > acknowledged_;
    acknowledged_ = acknowledged;
  }
  closed_ = closed_ || (fin_acknowledged_ && server_fin_);
  return event;
}

}  // namespace sluice::flow
