#include "filters/flow/tcp_flow.h"

#include <algorithm>

#include "filters/flow/sequence.h"
#include "filters/packet/tcp_options.h"

namespace sluice::flow {
namespace {

std::uint32_t bytes_of(const packet::Packet& packet) {
  return static_cast<std::uint32_t>(packet.payload.size());
}

bool is_older(std::uint32_t timestamp, std::uint32_t than) {
  return timestamp - than >= kBackwards;
}

// No sender has so much under way: windows are seldom over 64 MiB.
constexpr std::uint64_t kMostUnderWay = 1U << 28;
// Of sequence numbers, for a connection that follows another.
constexpr std::uint64_t kLeastRoom = 1U << 30;
// Without an acknowledgment, a place this far on may be taken for one that came long before.
constexpr std::uint64_t kMostUnacknowledged = 1U << 31;

}  // namespace

TcpFlow TcpFlow::from_syn(const packet::Packet& syn, Routes routes) noexcept {
  const packet::TcpOptions options = packet::tcp_options(syn);
  TcpFlow flow;
  flow.asymmetric_ = routes == Routes::asymmetric;
  flow.first_sequence_ = syn.tcp.sequence + 1;
  flow.in_syn_ = bytes_of(syn);
  flow.client_next_ = flow.first_sequence_ + flow.in_syn_;
  flow.client_scale_ = std::min(options.window_scale.value_or(0), kMaxWindowScale);
  flow.offers_timestamps_ = options.timestamp.has_value();
  flow.newest_timestamp_ = options.timestamp.value_or(0);
  flow.is_signed_ = options.is_signed;
  return flow;
}

TcpFlow TcpFlow::from_syn_ack(const packet::Packet& syn_ack, Routes routes) noexcept {
  TcpFlow flow;
  flow.asymmetric_ = routes == Routes::asymmetric;
  flow.first_sequence_ = flow.client_next_ = syn_ack.tcp.acknowledgment;
  flow.handshake_seen_ = true;
  flow.note_server(syn_ack);
  return flow;
}

TcpFlow TcpFlow::midstream(const packet::Packet& data, Routes routes) noexcept {
  TcpFlow flow;
  flow.asymmetric_ = routes == Routes::asymmetric;
  flow.first_sequence_ = flow.client_next_ = data.tcp.sequence;
  flow.midstream_ = true;
  return flow;
}

ClientSegment TcpFlow::on_client_syn(const packet::Packet& packet) noexcept {
  ClientSegment segment;
  const bool has_data = !packet.payload.empty();
  const bool is_other = packet.tcp.sequence + 1 != first_sequence_;
  if (is_server_unheard()) {
    if (has_data && (is_other || has_acknowledged_)) {
      segment.kind = ClientSegment::Kind::early;
    } else if (is_other) {
      segment.restarted = start_anew(packet);
      if (!segment.restarted) segment.kind = ClientSegment::Kind::other_start;
    }
    if (segment.kind != ClientSegment::Kind::empty) return segment;
  } else if (handshake_seen_ || midstream_ || (is_other && (has_data || in_syn_ > 0))) {
    // The server decides whether this opens a connection: its SYN-ACK will tell. This holds behind
    // a reset or an end, too: they may belong to no connection that the server knows.
    if (has_data) segment.kind = ClientSegment::Kind::early;
    return segment;
  }
  if (is_other && !asymmetric_) {
    // No SYN was answered yet: the newest one is the likeliest.
    *this = from_syn(packet);
    segment.restarted = true;
  }
  in_syn_ = std::max(in_syn_, bytes_of(packet));
  client_next_ = first_sequence_ + in_syn_;
  segment.bytes = packet.payload;
  if (has_data) {
    segment.kind = ClientSegment::Kind::data;
    if (asymmetric_) note_place(packet, segment);
  }
  return segment;
}

// Another SYN, and no server says which one counts. If the older one does, its server waits for the
// byte behind all that came. That lies in front of the newer one's stream, and behind its room, so
// it never passes, and that server reads nothing of the newer one.
bool TcpFlow::start_anew(const packet::Packet& syn) noexcept {
  const std::uint32_t ahead = syn.tcp.sequence + 1 - sequence_at(reach_);
  const std::uint64_t left = room_ - std::min(room_, reach_);
  const bool may = is_over_ || (come_ == 0 && !has_acknowledged_);
  if (!may || syn.tcp.ack || ahead == 0 || left < ahead + kLeastRoom) return false;
  *this = from_syn(syn, Routes::asymmetric);
  room_ = left - ahead;
  return true;
}

// Offset up to which a sequence number's place is certain: what is acknowledged, and without
// acknowledgments what an honest sender does not go back behind. Only bytes that came by count, so
// that no single packet moves it far.
std::uint64_t TcpFlow::certain() const noexcept {
  const std::uint64_t sent = std::min(come_, reach_);
  return std::max(acknowledged_, sent - std::min(sent, kMostUnderWay));
}

ClientSegment TcpFlow::place_segment(const packet::Packet& packet) const noexcept {
  const std::uint64_t mark = asymmetric_ ? certain() : acknowledged_;
  const Placed placed = place(packet.payload, packet.tcp.sequence, {mark, sequence_at(mark)});
  ClientSegment segment;
  switch (placed.kind) {
    case Placed::Kind::inside:
      segment.kind = ClientSegment::Kind::data;
      segment.offset = placed.offset;
      segment.bytes = placed.bytes;
      break;
    case Placed::Kind::before: {
      const bool is_before_start = placed.distance > mark;
      segment.kind = is_before_start ? ClientSegment::Kind::far : ClientSegment::Kind::stale;
      if (!is_before_start && mark - placed.distance + bytes_of(packet) > acknowledged_) {
        segment.kind = ClientSegment::Kind::given_up;
      }
      break;
    }
    case Placed::Kind::far:
      segment.kind = ClientSegment::Kind::far;
      break;
  }
  return segment;
}

// REQUIRES: asymmetric_; it was placed.
void TcpFlow::note_place(const packet::Packet& packet, ClientSegment& segment) noexcept {
  if (segment.kind != ClientSegment::Kind::data) return;
  const std::uint64_t end = segment.offset + segment.bytes.size();
  come_ += bytes_of(packet);
  if (is_server_unheard() && end > come_ + kMostUnderWay) {
    segment.kind = ClientSegment::Kind::far;
    return;
  }
  reach_ = std::max(reach_, end);
  if (end - acknowledged_ > std::min(room_, kMostUnacknowledged)) {
    segment.kind = ClientSegment::Kind::endless;
    return;
  }
  const std::uint64_t trimmed = bytes_of(packet) - segment.bytes.size();
  // What lies in front of the start, the server of an older connection may wait for.
  if (room_ < kEverySequence && is_server_unheard() && trimmed > segment.offset) {
    segment.kind = ClientSegment::Kind::far;
  }
  const std::uint64_t begin = segment.offset - std::min(segment.offset, trimmed);
  if (segment.kind == ClientSegment::Kind::data &&
      std::max(begin, acknowledged_) < std::max(given_up_, certain())) {
    segment.kind = ClientSegment::Kind::given_up;
  }
}

// A FIN or RST. One that lies elsewhere is forged, or leaves bytes under way.
void TcpFlow::note_end(const packet::Packet& packet) noexcept {
  const std::uint32_t behind = packet.tcp.sequence + bytes_of(packet) - sequence_at(reach_);
  if (behind <= 1) is_over_ = true;  // a RST may come behind the FIN
}

ClientSegment TcpFlow::on_client(const packet::Packet& packet) noexcept {
  if (packet.tcp.syn) return on_client_syn(packet);
  ClientSegment segment;
  has_acknowledged_ |= packet.tcp.ack && !packet.tcp.rst;
  if (packet.tcp.rst && packet.payload.empty()) {
    if (asymmetric_) note_end(packet);
    return segment;
  }
  if (packet.payload.empty() && !packet.tcp.fin) {
    note_client(packet);
    return segment;
  }
  if (is_discarded(packet)) {
    if (!packet.payload.empty()) segment.kind = ClientSegment::Kind::discarded;
    return segment;
  }
  note_client(packet);
  const std::uint32_t ahead = packet.tcp.sequence - sequence_at(acknowledged_);
  if (packet.tcp.fin) {
    const std::uint32_t end = ahead + bytes_of(packet);
    if (end < kMostAhead) {
      client_fin_ = true;
      fin_offset_ = acknowledged_ + end;
    }
  }
  if (!packet.payload.empty()) segment = place_segment(packet);
  if (!asymmetric_) return segment;
  note_place(packet, segment);
  if (packet.tcp.fin || packet.tcp.rst) note_end(packet);
  return segment;
}

// Of a packet with data or an end. Takes over its timestamp where the server does.
bool TcpFlow::is_discarded(const packet::Packet& packet) noexcept {
  if (!packet.tcp.ack) return true;
  if (midstream_ || (!handshake_seen_ && !asymmetric_)) return false;
  if (!is_acceptable(packet.tcp.acknowledgment)) return true;
  const packet::TcpOptions options = packet::tcp_options(packet);
  if (options.is_signed && !is_signed_) return true;
  // A client sends timestamps only where the SYN-ACK has them, too.
  if (!handshake_seen_) {
    return offers_timestamps_ && options.timestamp &&
           is_older(*options.timestamp, newest_timestamp_);
  }
  if (!has_timestamps_ || !options.timestamp) return false;
  if (is_older(*options.timestamp, newest_timestamp_)) return true;
  const std::uint32_t behind = sequence_at(acknowledged_) - packet.tcp.sequence;
  if (behind < kBackwards) newest_timestamp_ = *options.timestamp;
  return false;
}

bool TcpFlow::is_acceptable(std::uint32_t acknowledgment) const noexcept {
  return !server_seen_ || has_two_starts_ || server_next_ - acknowledgment <= server_sent_;
}

// What it sends, what it has, and how much it takes. Its packets may come in any order.
void TcpFlow::note_client(const packet::Packet& packet) noexcept {
  const std::uint32_t end =
      packet.tcp.sequence + bytes_of(packet) + static_cast<std::uint32_t>(packet.tcp.fin);
  if (end - client_next_ < kMostAhead) client_next_ = end;
  if (!packet.tcp.ack || !handshake_seen_ || !is_acceptable(packet.tcp.acknowledgment)) return;
  if (client_window_ == 0 || packet.tcp.acknowledgment - client_has_ < kMostAhead) {
    client_has_ = packet.tcp.acknowledgment;
  }
  const std::uint32_t window = std::uint32_t{packet.tcp.window} << client_scale_;
  client_window_ = std::max({client_window_, window, std::uint32_t{1}});
}

// A client without a window yet, or whose server answered one SYN with different numbers, may take
// anything.
bool TcpFlow::is_in_window_of_client(const packet::Packet& packet) const noexcept {
  if (client_window_ == 0 || has_two_starts_ || packet.tcp.syn) return true;
  const std::uint32_t first = packet.tcp.sequence - client_has_;
  const std::uint32_t end = first + bytes_of(packet) + static_cast<std::uint32_t>(packet.tcp.fin);
  return end < kBackwards && (first >= kBackwards || first <= client_window_);
}

// Its packets may come in any order.
void TcpFlow::note_server(const packet::Packet& packet) noexcept {
  const bool syn = packet.tcp.syn;
  const std::uint32_t behind = packet.tcp.sequence + static_cast<std::uint32_t>(syn) +
                               bytes_of(packet) + static_cast<std::uint32_t>(packet.tcp.fin);
  if (!server_seen_) {
    // How much is under way on a connection that is older than we are, nobody knows.
    server_sent_ = syn ? bytes_of(packet) : kMostAhead;
  } else {
    const std::uint32_t more = behind - server_next_;
    if (more < kMostAhead) {
      server_sent_ = std::min(server_sent_ + more, kMostAhead);
    } else if (has_two_starts_ && !syn && server_next_ - behind > server_sent_) {
      server_sent_ = bytes_of(packet);  // it goes on from the other start
    } else {
      return;
    }
  }
  server_next_ = behind;
  server_seen_ = true;
}

ServerEvent TcpFlow::on_syn_ack(const packet::Packet& packet) noexcept {
  const std::uint32_t answered = packet.tcp.acknowledgment;
  ServerEvent event;
  // It answers a SYN that we took for a decoy, that came on a live connection, or that we did not
  // see; or the same SYN number again, in another connection of the server.
  const bool is_other_client = midstream_ || answered - first_sequence_ > in_syn_;
  const bool is_other_server =
      handshake_seen_ && server_seen_ && packet.tcp.sequence + 1 != server_next_ - server_sent_;
  if (is_other_client || (is_other_server && acknowledged_ > 0)) {
    const bool asymmetric = asymmetric_;
    *this = TcpFlow{};
    asymmetric_ = asymmetric;
    first_sequence_ = client_next_ = answered;
    event.restarted = true;
  } else if (is_other_server) {
    // A server that keeps no state until the client answers (SYN cookies) sends each repeat of a
    // SYN another number, and goes on from whichever the client acknowledges. Bytes that went
    // before may be in either connection, so they stay the ones that count.
    has_two_starts_ = true;
    server_seen_ = false;
    event.reopened = true;
  }
  // What came before the first SYN-ACK belongs to an older connection.
  if (!handshake_seen_) server_seen_ = false;
  handshake_seen_ = true;
  midstream_ = false;
  has_timestamps_ = offers_timestamps_ && packet::tcp_options(packet).timestamp.has_value();
  return event;
}

ServerEvent TcpFlow::on_server(const packet::Packet& packet, std::uint64_t come) noexcept {
  ServerEvent event;
  if (packet.tcp.rst) return event;
  if (packet.tcp.syn && packet.tcp.ack) event = on_syn_ack(packet);
  // What a server acknowledges before its SYN-ACK belongs to an older connection (RFC 9293 section
  // 3.10.7.3 has the client reset that one).
  const bool counts = packet.tcp.ack && (handshake_seen_ || midstream_);
  const std::uint32_t more = packet.tcp.acknowledgment - sequence_at(acknowledged_);
  if (counts && !midstream_ && more < kBackwards &&
      more > client_next_ - sequence_at(acknowledged_)) {
    event.acknowledges_unseen = true;
    return event;
  }
  const bool is_taken = is_in_window_of_client(packet);
  note_server(packet);
  if (!counts || !is_taken || more == 0 || more > kMostAhead) return event;
  // The client's FIN takes a sequence number, and is no byte of the stream.
  const bool of_fin = client_fin_ && acknowledged_ + more == fin_offset_ + 1;
  std::uint64_t acknowledged = of_fin ? fin_offset_ : acknowledged_ + more;
  if (acknowledged > come && acknowledged - come <= kMostLate) {
    acknowledged = std::max(acknowledged_, come);
  }
  event.acknowledged_more = acknowledged > acknowledged_;
  acknowledged_ = acknowledged;
  return event;
}

}  // namespace sluice::flow
