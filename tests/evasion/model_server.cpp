#include "tests/evasion/model_server.h"

#include "filters/base/byte_reader.h"

namespace sluice::evasion {
namespace {

constexpr std::uint32_t kHalf = 0x80000000U;

struct TcpOptions {
  bool md5 = false;
  std::optional<std::uint32_t> timestamp;
};

TcpOptions options_in(const packet::Packet& packet) {
  constexpr std::size_t kHeader = 20;
  TcpOptions options;
  const std::size_t size = packet.segment.size() - packet.payload.size();
  ByteReader reader(packet.segment.first(size).subspan(kHeader));
  while (reader.remaining() > 0) {
    const unsigned kind = reader.u8();
    if (kind == 0) break;
    if (kind == 1) continue;
    const unsigned length = reader.u8();
    ByteReader body(reader.take(length < 2 ? 0 : length - 2));
    if (kind == 8) options.timestamp = body.u32();
    options.md5 = options.md5 || kind == 19;
  }
  return options;
}

std::uint16_t urgent_pointer(const packet::Packet& packet) {
  ByteReader reader(packet.segment.subspan(18));
  return reader.u16();
}

}  // namespace

bool newer_wins(Overlap overlap, std::uint64_t begin, std::uint64_t end, std::uint64_t old_begin,
                std::uint64_t old_end) {
  switch (overlap) {
    case Overlap::first:
      return false;
    case Overlap::last:
      return true;
    case Overlap::bsd:
      return begin < old_begin;
    case Overlap::linux_:
      return begin < old_begin || (begin == old_begin && end > old_end);
    case Overlap::windows:
      return begin < old_begin && end > old_end;
  }
  return false;
}

std::vector<Segment> ModelServer::receive(Bytes frame) {
  const auto packet = packet::decode(frame, LinkType::ethernet);
  if (!packet || packet->hop_limit <= kHopsToServer) return {};
  if (!packet::checksums_hold(*packet) || throws_away(*packet)) return {};
  return state_ == State::listening || state_ == State::ended ? on_listening(*packet)
                                                              : on_connection(*packet);
}

bool ModelServer::throws_away(const packet::Packet& packet) {
  const TcpOptions options = options_in(packet);
  if (options.md5 && !options_.stack.lenient) return true;
  if (!newest_timestamp_ || packet.tcp.syn || packet.tcp.rst) return false;
  if (!options.timestamp) return !options_.stack.lenient;
  if (*options.timestamp - *newest_timestamp_ >= kHalf) return true;  // RFC 7323 section 5
  newest_timestamp_ = options.timestamp;
  return false;
}

std::vector<Segment> ModelServer::on_listening(const packet::Packet& packet) {
  if (packet.tcp.rst) return {};
  if (!packet.tcp.syn || packet.tcp.ack) {
    if (!packet.tcp.ack) return {};
    Segment reset{.sequence = packet.tcp.acknowledgment, .flags = "R"};
    return {reset};
  }
  const bool again = state_ == State::ended;
  *this = [&] {
    ModelServer fresh(options_);
    fresh.streams_ = std::move(streams_);
    fresh.initial_ = initial_ + (again ? 1'000'000 : 0);
    return fresh;
  }();
  streams_.emplace_back();
  state_ = State::answered;
  start_ = packet.tcp.sequence + 1;
  newest_timestamp_ = options_in(packet).timestamp;
  if (options_.fast_open) store(packet);
  switch (options_.handshake) {
    case Handshake::normal:
      return {answer("SA")};
    case Handshake::split:
      return {answer("A"), answer("S")};
    case Handshake::open:
      break;
  }
  return {answer("S")};
}

Segment ModelServer::answer(std::string_view flags) const {
  const bool syn = flags.starts_with('S');
  return {.sequence = initial_ + (syn ? 0 : 1),
          .acknowledgment = flags == "S" ? 0 : expects(),
          .flags = flags,
          .timestamp = newest_timestamp_};
}

std::vector<Segment> ModelServer::on_connection(const packet::Packet& packet) {
  const packet::TcpHeader& tcp = packet.tcp;
  const bool mutual = options_.handshake != Handshake::normal;
  if (tcp.rst) {
    on_reset(packet);
    return {};
  }
  if (tcp.syn && !(mutual && tcp.ack)) {
    const bool repeated = tcp.sequence + 1 == start_ && state_ == State::answered;
    return {answer(repeated && !mutual ? "SA" : "A")};
  }
  if (!tcp.ack && !options_.stack.lenient) return {};
  const bool acceptable = tcp.acknowledgment - initial_ <= 1;
  if (tcp.ack && !acceptable && state_ == State::answered) {
    return {{.sequence = tcp.acknowledgment, .flags = "R"}};  // and the state does not change
  }
  if (tcp.ack && !acceptable && !options_.stack.lenient) return {answer("A")};
  if (tcp.ack && tcp.acknowledgment == initial_ + 1) state_ = State::open;
  if (tcp.syn) return {answer("A")};
  store(packet);
  if (packet.payload.empty() && !tcp.fin) return {};
  return {answer("A")};
}

void ModelServer::on_reset(const packet::Packet& packet) {
  const std::uint32_t ahead = packet.tcp.sequence - expects();
  if (ahead == 0 || (options_.stack.lenient && ahead < kWindow)) state_ = State::ended;
}

void ModelServer::store(const packet::Packet& packet) {
  const std::uint32_t first = packet.tcp.syn ? start_ : packet.tcp.sequence;
  const auto ahead = static_cast<std::int32_t>(first - (start_ + byte_vector(next_)));
  const std::int64_t begin = static_cast<std::int64_t>(next_) + ahead;
  const std::int64_t end = begin + static_cast<std::int64_t>(packet.payload.size());
  for (std::size_t i = 0; i < packet.payload.size(); ++i) {
    const std::int64_t at = begin + static_cast<std::int64_t>(i);
    if (at < static_cast<std::int64_t>(next_)) continue;
    if (at >= static_cast<std::int64_t>(next_ + kWindow)) break;
    keep(static_cast<std::uint64_t>(at), packet.payload[i],
         static_cast<std::uint64_t>(std::max<std::int64_t>(begin, 0)),
         static_cast<std::uint64_t>(end));
  }
  if (packet.tcp.urg && !options_.stack.lenient && urgent_pointer(packet) > 0) {
    urgent_[static_cast<std::uint64_t>(begin + urgent_pointer(packet) - 1)] = true;
  }
  if (packet.tcp.fin && end >= static_cast<std::int64_t>(next_) && ahead < std::int32_t{kWindow}) {
    fin_ = static_cast<std::uint64_t>(end);
  }
  deliver();
}

void ModelServer::keep(std::uint64_t offset, std::byte value, std::uint64_t begin,
                       std::uint64_t end) {
  const auto [place, is_new] = waiting_.try_emplace(offset, Waiting{value, begin, end});
  if (is_new) return;
  const Waiting& old = place->second;
  if (newer_wins(options_.stack.overlap, begin, end, old.begin, old.end)) {
    place->second = {value, begin, end};
  }
}

void ModelServer::deliver() {
  while (!waiting_.empty() && waiting_.begin()->first == next_ && fin_ != next_) {
    if (!urgent_.contains(next_)) streams_.back().push_back(waiting_.begin()->second.value);
    waiting_.erase(waiting_.begin());
    ++next_;
  }
  if (fin_ == next_) {
    ended_ = 1;
    state_ = State::ended;
  }
}

}  // namespace sluice::evasion
