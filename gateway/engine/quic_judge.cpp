#include "gateway/engine/quic_judge.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::engine {

// One Initial packet, and what has become known of it.
struct QuicJudge::Initial {
  const flow::KeyedPacket& keyed;
  const quic::LongPacket& packet;
  HelloFlow* flow = nullptr;
  DatagramHello* hello = nullptr;
  Bytes payload;
};

QuicJudge::QuicJudge(HelloTable& hellos) : hellos_(hellos) {
  if (!opener_.ready()) throw std::runtime_error("libcrypto has no AES-128-GCM");
}

Judgement QuicJudge::judge(const Context& context, quic::Sight sight) noexcept {
  if (context.has_bad_checksum()) return drop_packet(context, Reason::bad_checksum);
  if (rule_on_encrypted_dns(context, inspect::Protocol::quic).refusal) {
    return drop_packet(context, Reason::banned);
  }
  if (sight == quic::Sight::unreadable) return cannot_judge(context, Reason::quic_unknown);
  return judge_packets(context);
}

Judgement QuicJudge::judge_packets(const Context& context) noexcept {
  trials_left_ = kQuicTrials;
  frames_left_ = kCryptoFrames;
  Bytes rest = context.packet.payload;
  const flow::KeyedPacket keyed = flow::key_of(context.packet);
  Judgement result = pass(Reason::not_of_interest);
  for (std::size_t count = 0; !rest.empty(); ++count) {
    const auto packet = quic::parse_long_packet(rest);
    if (!packet) {
      // Behind another packet it is 1-RTT, or what a server skips.
      if (count > 0) break;
      context.sink.on_parse_error(inspect::ParseError::quic_malformed);
      return drop_packet(context, Reason::unreadable);
    }
    if (count == kQuicPackets) return drop_packet(context, Reason::hello_too_many);
    const Judgement judgement = judge_packet(context, keyed, *packet);
    if (!judgement.passes()) return judgement;
    if (judgement.reason != Reason::not_of_interest) result = judgement;
    rest = rest.subspan(packet->whole.size());
  }
  return result;
}

Judgement QuicJudge::judge_packet(const Context& context, const flow::KeyedPacket& keyed,
                                  const quic::LongPacket& packet) noexcept {
  switch (packet.type) {
    case quic::PacketType::initial: {
      Initial initial{keyed, packet, hellos_.find(keyed.key, context.now)};
      return judge_initial(context, initial);
    }
    case quic::PacketType::zero_rtt:
    case quic::PacketType::handshake:
      return judge_sealed(context, keyed, packet);
    case quic::PacketType::unknown:
    case quic::PacketType::retry:
    case quic::PacketType::version_negotiation:
      break;
  }
  return pass(Reason::not_of_interest);
}

// 0-RTT and Handshake packets name nothing; of a blocked hello they are dropped with it.
Judgement QuicJudge::judge_sealed(const Context& context, const flow::KeyedPacket& keyed,
                                  const quic::LongPacket& packet) noexcept {
  const HelloFlow* const flow = hellos_.peek(keyed.key);
  if (flow == nullptr) return pass(Reason::not_of_interest);
  for (const DatagramHello& hello : flow->hellos) {
    if (hello.phase == DatagramHello::Phase::blocked &&
        hello.is(DatagramHello::Kind::quic, keyed.source_is_low) &&
        std::ranges::equal(hello.id(), packet.dcid)) {
      return drop_packet(context, Reason::flow_blocked);
    }
  }
  return pass(Reason::not_of_interest);
}

Judgement QuicJudge::judge_initial(const Context& context, Initial& initial) noexcept {
  if (initial.flow != nullptr && open_known(initial, quic::Sender::server)) {
    return pass(Reason::server_data);
  }
  if (!hellos_.may_send(context.packet.source, context.now)) {
    return drop_packet(context, Reason::hello_over_rate);
  }
  if (initial.flow == nullptr || !open_known(initial, quic::Sender::client)) {
    const Judgement judgement = open_new(context, initial);
    if (initial.hello == nullptr) return judgement;
  }
  initial.hello->last_seen = context.now;
  return judge_frames(context, initial);
}

bool QuicJudge::may_try(bool has_keys) noexcept {
  const std::size_t cost = has_keys ? 1 : 2;
  const bool may = cost <= trials_left_;
  trials_left_ = may ? trials_left_ - cost : 0;
  return may;
}

// With the keys that `sender` has in the packet's version; packets of the server come from the
// other end than the hello did.
bool QuicJudge::open_with(Initial& initial, DatagramHello& hello, quic::Sender sender) noexcept {
  const bool of_client = sender == quic::Sender::client;
  const quic::VersionNumber version = initial.packet.version;
  DatagramHello::Keys& cached = of_client ? hello.client : hello.server;
  DatagramHello::Keys other;
  const bool renewed = cached.version != version;
  if (renewed) {
    // The first Initial again, in another version: a hello of its own.
    if (of_client && std::ranges::equal(hello.id(), initial.packet.dcid)) return false;
  }
  if (!may_try(!renewed)) return false;
  if (renewed) {
    other = {version, quic::initial_keys(*initial.packet.secrets, hello.id(), sender)};
  }
  DatagramHello::Keys& keys = renewed ? other : cached;
  const auto opened = opener_.open(initial.packet, keys.keys, keys.next_number);
  if (!opened) return false;
  keys.next_number = std::max(keys.next_number, opened->number + 1);
  if (renewed) cached = other;
  initial.hello = &hello;
  initial.payload = opened->payload;
  return true;
}

bool QuicJudge::open_known(Initial& initial, quic::Sender sender) noexcept {
  const bool from_low = initial.keyed.source_is_low == (sender == quic::Sender::client);
  return std::ranges::any_of(initial.flow->hellos, [&](DatagramHello& hello) {
    return hello.is(DatagramHello::Kind::quic, from_low) && open_with(initial, hello, sender);
  });
}

// With the keys of the packet's own DCID: then it starts a hello.
Judgement QuicJudge::open_new(const Context& context, Initial& initial) noexcept {
  const quic::LongPacket& packet = initial.packet;
  if (!may_try(false)) return drop_packet(context, Reason::hello_too_many);
  DatagramHello::Keys client{
      packet.version, quic::initial_keys(*packet.secrets, packet.dcid, quic::Sender::client)};
  const auto opened = opener_.open(packet, client.keys, 0);
  if (!opened) return drop_packet(context, Reason::quic_undecryptable);
  if (initial.flow == nullptr) initial.flow = &hellos_.insert(initial.keyed.key, context.now);
  DatagramHello* const hello = hellos_.claim(*initial.flow, context.now);
  if (hello == nullptr) return drop_packet(context, Reason::hello_too_many);
  client.next_number = opened->number + 1;
  hello->start(DatagramHello::Kind::quic, initial.keyed.source_is_low, packet.dcid);
  hello->client = client;
  initial.hello = hello;
  initial.payload = opened->payload;
  return {};
}

Judgement QuicJudge::judge_frames(const Context& context, const Initial& initial) noexcept {
  if (initial.hello->phase == DatagramHello::Phase::blocked) {
    return drop_packet(context, Reason::flow_blocked);
  }
  // Looked at as a whole first: of a packet that is dropped for its last frame, no byte counts.
  quic::CryptoFrames frames(initial.payload, initial.packet.secrets->frames);
  if (!quic::well_formed(frames)) {
    context.sink.on_parse_error(inspect::ParseError::quic_malformed);
    return cannot_judge(context, Reason::unreadable);
  }
  for (quic::CryptoFrames all = frames; const auto frame = all.next();) {
    if (frames_left_ == 0) return drop_packet(context, Reason::hello_too_many);
    --frames_left_;
    if (!hellos_.agrees(*initial.hello, frame->offset, frame->bytes)) {
      return hellos_.drop_overlap(context);
    }
  }
  bool any = false;
  while (const auto frame = frames.next()) {
    if (frame->bytes.empty()) continue;
    any = true;
    const auto settled =
        hellos_.add(context, *initial.flow, *initial.hello, frame->offset, frame->bytes);
    if (settled) return *settled;
  }
  return any ? hellos_.judge(context, *initial.flow, *initial.hello) : pass(Reason::no_payload);
}

}  // namespace sluice::engine
