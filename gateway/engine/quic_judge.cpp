#include "gateway/engine/quic_judge.h"

#include <algorithm>
#include <stdexcept>

namespace sluice::engine {

namespace {

using Mark = HelloMark::Kind;

// The mark of the hello that this packet would be the first of.
HelloMark mark_of(const flow::KeyedPacket& keyed, const quic::LongPacket& packet) {
  return {Mark::quic, keyed.source_is_low, packet.dcid, packet.version};
}

}  // namespace

// One Initial packet, and what has become known of it.
struct QuicJudge::Initial {
  const flow::KeyedPacket& keyed;
  const quic::LongPacket& packet;
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
  Bytes first;  // the connection ID that the first packet is for
  for (std::size_t count = 0; !rest.empty(); ++count) {
    const auto packet = quic::parse_long_packet(rest);
    if (!packet) {
      // Behind another packet it is 1-RTT, or what a server skips.
      if (count > 0) break;
      context.sink.on_parse_error(inspect::ParseError::quic_malformed);
      return drop_packet(context, Reason::unreadable);
    }
    if (count == 0) first = packet->dcid;
    // No end sends that, and receivers skip it (RFC 9000 section 12.2). Each would have keys of its
    // own.
    if (packet->type == quic::PacketType::initial && !std::ranges::equal(packet->dcid, first)) {
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
      Initial initial{keyed, packet};
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
  const auto is_blocked = [](const DatagramHello* hello) {
    return hello != nullptr && hello->phase == DatagramHello::Phase::blocked;
  };
  const auto key_of = [&](const HelloMark& mark) { return hellos_.key_of(keyed.key, mark); };
  const auto linked = hellos_.follow(key_of({Mark::to_server, keyed.source_is_low, packet.dcid}));
  if (is_blocked(hellos_.find(key_of(mark_of(keyed, packet)), context.now)) ||
      std::ranges::any_of(linked, is_blocked)) {
    return drop_packet(context, Reason::flow_blocked);
  }
  return pass(Reason::not_of_interest);
}

Judgement QuicJudge::judge_initial(const Context& context, Initial& initial) noexcept {
  if (open_answer(context, initial)) return pass(Reason::server_data);
  if (!hellos_.may_send(context.packet.source, context.now)) {
    return drop_packet(context, Reason::hello_over_rate);
  }
  const flow::FlowKey key =
      hellos_.key_of(initial.keyed.key, mark_of(initial.keyed, initial.packet));
  if (DatagramHello* const hello = hellos_.find(key, context.now)) {
    static_cast<void>(open_with(initial, *hello, quic::Sender::client));
  } else if (context.mode.enforce && hellos_.is_forgotten(key)) {
    return drop_packet(context, Reason::forgotten);
  } else if (!open_known(initial)) {
    const Judgement judgement = open_new(context, initial);
    if (initial.hello == nullptr) return judgement;
  }
  if (initial.hello == nullptr) return drop_packet(context, Reason::quic_undecryptable);
  initial.hello->last_seen = context.now;
  return judge_frames(context, initial);
}

bool QuicJudge::may_try(bool has_keys) noexcept {
  const std::size_t cost = has_keys ? 1 : 2;
  const bool may = cost <= trials_left_;
  trials_left_ = may ? trials_left_ - cost : 0;
  return may;
}

// With each number that its receiver may expect.
std::optional<quic::InitialOpener::Opened> QuicJudge::open_packet(
    const quic::LongPacket& packet, DatagramHello::Keys& keys) noexcept {
  constexpr std::uint64_t kSame = 127;  // so near one byte means the same number
  const std::uint64_t first = keys.first_number, newest = keys.newest_number;
  auto opened = opener_.open(packet, keys.keys, first);
  if (!opened && newest - first > kSame && may_try(true)) {
    opened = opener_.open(packet, keys.keys, newest + 1);
  }
  if (!opened && first > kSame && may_try(true)) opened = opener_.open(packet, keys.keys, 0);
  if (opened) keys.newest_number = std::max(newest, opened->number);
  return opened;
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
  const auto opened = open_packet(initial.packet, keys);
  if (!opened) return false;
  if (renewed) cached = other;
  initial.hello = &hello;
  initial.payload = opened->payload;
  return true;
}

bool QuicJudge::open_linked(Initial& initial, const HelloMark& mark, quic::Sender sender) noexcept {
  return std::ranges::any_of(
      hellos_.follow(hellos_.key_of(initial.keyed.key, mark)),
      [&](DatagramHello* hello) { return open_with(initial, *hello, sender); });
}

// By the keys of a server whose client is on the other side.
bool QuicJudge::open_answer(const Context& context, Initial& initial) noexcept {
  const bool client_is_low = !initial.keyed.source_is_low;
  const auto is_opened = [&](const HelloMark& mark) {
    return open_linked(initial, mark, quic::Sender::server);
  };
  if (!is_opened({Mark::to_client, client_is_low, initial.packet.dcid}) &&
      !is_opened({Mark::newest, client_is_low})) {
    return false;
  }
  if (!initial.hello->is_answered) {
    hellos_.note_answer(*initial.hello);
    const HelloMark to_server{Mark::to_server, client_is_low, initial.packet.scid};
    Context of_client = context;
    of_client.from_server = true;
    hellos_.link(of_client, hellos_.key_of(initial.keyed.key, to_server), *initial.hello);
  }
  return true;
}

// By the keys of a hello whose server has chosen this DCID for itself.
bool QuicJudge::open_known(Initial& initial) noexcept {
  return open_linked(initial, {Mark::to_server, initial.keyed.source_is_low, initial.packet.dcid},
                     quic::Sender::client);
}

// With the keys of the packet's own DCID: then it starts a hello.
Judgement QuicJudge::open_new(const Context& context, Initial& initial) noexcept {
  const quic::LongPacket& packet = initial.packet;
  const flow::KeyedPacket& keyed = initial.keyed;
  const auto key_of = [&](const HelloMark& mark) { return hellos_.key_of(keyed.key, mark); };
  if (!may_try(false)) return drop_packet(context, Reason::hello_too_many);
  DatagramHello::Keys client{
      packet.version, quic::initial_keys(*packet.secrets, packet.dcid, quic::Sender::client)};
  const auto opened = opener_.open(packet, client.keys, 0);
  const HelloMark newest{Mark::newest, keyed.source_is_low};
  if (!opened) {
    // Its server's answer took another way.
    if (!open_linked(initial, newest, quic::Sender::client)) {
      return drop_packet(context, Reason::quic_undecryptable);
    }
    hellos_.link(context, key_of({Mark::to_server, keyed.source_is_low, packet.dcid}),
                 *initial.hello);
    return {};
  }
  client.first_number = client.newest_number = opened->number;
  DatagramHello& hello = hellos_.insert(context, key_of(mark_of(keyed, packet)));
  hello.start(DatagramHello::Kind::quic, packet.dcid);
  hello.client = client;
  hellos_.link(context, key_of({Mark::to_client, keyed.source_is_low, packet.scid}), hello);
  hellos_.link(context, key_of(newest), hello);
  initial.hello = &hello;
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
    const auto settled = hellos_.add(context, *initial.hello, frame->offset, frame->bytes);
    if (settled) return *settled;
  }
  return any ? hellos_.judge(context, *initial.hello) : pass(Reason::no_payload);
}

}  // namespace sluice::engine
