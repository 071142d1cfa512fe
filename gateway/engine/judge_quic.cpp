#include "gateway/engine/judge_quic.h"

#include <algorithm>
#include <stdexcept>

#include "filters/match/pseudo_name.h"
#include "gateway/engine/judge_context.h"

namespace sluice::engine {
namespace {

// Handshakes last seconds: what no long header has touched for so long is over.
constexpr Nanos kIdle = std::chrono::seconds(120);
// Client addresses whose budget is remembered.
constexpr std::size_t kBudgets = 4096;

constexpr std::string_view kDoqAlpn = "doq";  // RFC 9250

}  // namespace

// One Initial packet, and what has become known of it.
struct QuicJudge::Initial {
  const flow::KeyedPacket& keyed;
  const quic::LongPacket& packet;
  QuicFlow* flow = nullptr;
  QuicHello* hello = nullptr;
  Bytes payload;
};

QuicJudge::QuicJudge(const QuicLimits& limits, HashKey key, bool enforce)
    : flows_(limits.flows, key, kIdle),
      pool_(limits.streams, kQuicStreamCapacity),
      budget_(kBudgets, limits.initials_per_second, key),
      enforce_(enforce) {
  if (!opener_.ready()) throw std::runtime_error("libcrypto has no AES-128-GCM");
}

std::size_t QuicJudge::memory_bytes(const QuicLimits& limits) noexcept {
  return limits.flows * flow::Table<QuicFlow>::bytes_per_flow() +
         limits.streams * flow::StreamPool::bytes_per_slot(kQuicStreamCapacity) +
         kBudgets * ClientBudget::bytes_per_client();
}

Judgement QuicJudge::judge(const Request& request) noexcept {
  Bytes rest = request.packet.payload;
  const flow::KeyedPacket keyed = flow::key_of(request.packet);
  Judgement result = allow(Reason::not_of_interest);
  for (std::size_t count = 0; !rest.empty(); ++count) {
    const auto packet = quic::parse_long_packet(rest);
    if (!packet) {
      // Behind another packet it is 1-RTT, or what a server skips.
      if (count > 0) break;
      request.sink.on_parse_error(inspect::ParseError::quic_malformed);
      return drop_alone(Reason::unreadable);
    }
    if (count == kQuicPackets) return drop_alone(Reason::quic_too_many);
    const Judgement judgement = judge_packet(request, keyed, *packet);
    if (judgement.action != policy::Action::allow) return judgement;
    if (judgement.reason != Reason::not_of_interest) result = judgement;
    rest = rest.subspan(packet->whole.size());
  }
  return result;
}

Judgement QuicJudge::judge_packet(const Request& request, const flow::KeyedPacket& keyed,
                                  const quic::LongPacket& packet) noexcept {
  switch (packet.type) {
    case quic::PacketType::initial: {
      Initial initial{keyed, packet, flows_.find(keyed.key)};
      return judge_initial(request, initial);
    }
    case quic::PacketType::zero_rtt:
    case quic::PacketType::handshake:
      return judge_sealed(keyed, packet);
    case quic::PacketType::unknown:
    case quic::PacketType::retry:
    case quic::PacketType::version_negotiation:
      break;
  }
  return allow(Reason::not_of_interest);
}

// 0-RTT and Handshake packets name nothing; of a blocked hello they are dropped with it.
Judgement QuicJudge::judge_sealed(const flow::KeyedPacket& keyed,
                                  const quic::LongPacket& packet) noexcept {
  const QuicFlow* const flow = flows_.find(keyed.key);
  if (flow == nullptr) return allow(Reason::not_of_interest);
  for (const QuicHello& hello : flow->hellos) {
    if (hello.phase == QuicHello::Phase::blocked && hello.from_low == keyed.source_is_low &&
        std::ranges::equal(hello.id(), packet.dcid)) {
      return drop_alone(Reason::flow_blocked);
    }
  }
  return allow(Reason::not_of_interest);
}

Judgement QuicJudge::judge_initial(const Request& request, Initial& initial) noexcept {
  if (initial.flow != nullptr) {
    flows_.touch(*initial.flow, request.now);
    if (open_known(initial, quic::Sender::server)) return allow(Reason::server_data);
  }
  if (!budget_.take(request.packet.source, request.now)) return drop_alone(Reason::quic_over_rate);
  if (initial.flow == nullptr || !open_known(initial, quic::Sender::client)) {
    const Judgement judgement = open_new(request, initial);
    if (initial.hello == nullptr) return judgement;
  }
  initial.hello->last_seen = request.now;
  return judge_frames(request, initial);
}

// With the keys that `sender` has in the packet's version; packets of the server come from the
// other end than the hello did.
bool QuicJudge::open_with(Initial& initial, QuicHello& hello, quic::Sender sender) noexcept {
  const bool of_client = sender == quic::Sender::client;
  const quic::VersionNumber version = initial.packet.version;
  QuicHello::Keys& cached = of_client ? hello.client : hello.server;
  QuicHello::Keys other;
  const bool renewed = cached.version != version;
  if (renewed) {
    // The first Initial again, in another version: a hello of its own.
    if (of_client && std::ranges::equal(hello.id(), initial.packet.dcid)) return false;
    other = {version, quic::initial_keys(*initial.packet.secrets, hello.id(), sender)};
  }
  QuicHello::Keys& keys = renewed ? other : cached;
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
  return std::ranges::any_of(initial.flow->hellos, [&](QuicHello& hello) {
    return hello.phase != QuicHello::Phase::unused && hello.from_low == from_low &&
           open_with(initial, hello, sender);
  });
}

// With the keys of the packet's own DCID: then it starts a hello.
Judgement QuicJudge::open_new(const Request& request, Initial& initial) noexcept {
  const quic::LongPacket& packet = initial.packet;
  QuicHello::Keys client{packet.version,
                         quic::initial_keys(*packet.secrets, packet.dcid, quic::Sender::client)};
  const auto opened = opener_.open(packet, client.keys, 0);
  if (!opened) return drop_alone(Reason::quic_undecryptable);
  if (initial.flow == nullptr) {
    initial.flow = &flows_.insert(
        initial.keyed.key, request.now,
        [this](QuicFlow& removed, flow::Removal removal) { on_removed(removed, removal); });
  }
  QuicHello* const hello = claim_hello(*initial.flow, request.now);
  if (hello == nullptr) return drop_alone(Reason::quic_too_many);
  client.next_number = opened->number + 1;
  hello->phase = QuicHello::Phase::judging;
  hello->from_low = initial.keyed.source_is_low;
  hello->dcid_size = static_cast<std::uint8_t>(packet.dcid.size());
  std::ranges::copy(packet.dcid, hello->dcid.begin());
  hello->client = client;
  hello->server = {packet.version,
                   quic::initial_keys(*packet.secrets, packet.dcid, quic::Sender::server)};
  initial.hello = hello;
  initial.payload = opened->payload;
  return {};
}

// One that is free, or the one that has been silent longest, where that is long enough for servers
// to have given it up. Null: neither.
QuicHello* QuicJudge::claim_hello(QuicFlow& flow, Nanos now) noexcept {
  const auto silent_longest = std::ranges::min_element(flow.hellos, {}, [](const QuicHello& hello) {
    return hello.phase == QuicHello::Phase::unused ? Nanos::min() : hello.last_seen;
  });
  if (silent_longest->phase != QuicHello::Phase::unused &&
      now - silent_longest->last_seen < kQuicHelloAge) {
    return nullptr;
  }
  silent_longest->stream.release(pool_);
  *silent_longest = QuicHello{};
  return &*silent_longest;
}

Judgement QuicJudge::judge_frames(const Request& request, const Initial& initial) noexcept {
  QuicHello& hello = *initial.hello;
  if (hello.phase == QuicHello::Phase::blocked) return drop_alone(Reason::flow_blocked);
  // Looked at as a whole first: of a packet that is dropped for its last frame, no byte counts.
  quic::CryptoFrames frames(initial.payload, initial.packet.secrets->frames);
  if (!quic::well_formed(frames)) {
    request.sink.on_parse_error(inspect::ParseError::quic_malformed);
    return request.fallbacks.unjudged == policy::OnTrouble::drop ? drop_alone(Reason::unreadable)
                                                                 : allow(Reason::unreadable);
  }
  bool any = false;
  while (const auto frame = frames.next()) {
    if (frame->bytes.empty()) continue;
    any = true;
    if (hello.phase == QuicHello::Phase::passed) return allow(hello.finish);
    if (hello.phase == QuicHello::Phase::forgotten) return drop_alone(Reason::no_memory);
    switch (store(request, initial, *frame)) {
      case flow::Insert::beyond_window:
        return drop_alone(Reason::beyond_window);
      case flow::Insert::no_memory:
        return request.fallbacks.unjudged == policy::OnTrouble::drop ? drop_alone(Reason::no_memory)
                                                                     : allow(Reason::no_memory);
      case flow::Insert::third_copy:
        return drop_alone(Reason::third_copy);
      case flow::Insert::conflicting:
        ++conflicts_;
        break;
      case flow::Insert::known:
      case flow::Insert::stored:
        break;
    }
  }
  return any ? judge_hello(request, initial) : allow(Reason::no_payload);
}

Judgement QuicJudge::judge_hello(const Request& request, const Initial& initial) noexcept {
  QuicHello& hello = *initial.hello;
  const Bytes first = hello.stream.view(pool_, flow::Reading::first_copy);
  if (auto judged = judge_view(request, initial, first, hello.judged)) return *judged;
  bool whole = hello.judged == first.size();
  if (hello.stream.readings_differ()) {
    const flow::Contested contested = hello.stream.contested(pool_);
    for (unsigned reading = 1; reading < contested.readings(); ++reading) {
      const Bytes mixture = hello.stream.mixture(pool_, contested, reading, mixture_);
      std::uint32_t judged = 0;
      if (auto refused = judge_view(request, initial, mixture, judged)) return *refused;
      whole = whole && judged == mixture.size();
    }
  }
  return allow(whole && hello.judged > 0 ? hello.finish : Reason::unfinished);
}

// One reading, from `judged` on. None: nothing against it, as far as it goes.
std::optional<Judgement> QuicJudge::judge_view(const Request& request, const Initial& initial,
                                               Bytes view, std::uint32_t& judged) noexcept {
  QuicHello& hello = *initial.hello;
  while (judged < view.size()) {
    const Bytes message = view.subspan(judged);
    const auto read = tls::parse_client_hello(message);
    if (!read) {
      switch (read.error()) {
        case tls::HelloError::need_more:
          return std::nullopt;
        case tls::HelloError::not_client_hello:  // no server takes another message here
          hello.finish = Reason::unknown_protocol;
          judged = static_cast<std::uint32_t>(view.size());
          return std::nullopt;
        case tls::HelloError::malformed:
          return cannot_judge(request, initial, inspect::ParseError::quic_malformed);
        case tls::HelloError::too_large:
          return cannot_judge(request, initial, inspect::ParseError::quic_too_large);
      }
    }
    hello.finish = Reason::no_name;
    if (find_names(*read, request.findings)) {
      const Judgement judgement = request.decide();
      if (judgement.action != policy::Action::allow) return block(initial, judgement);
      hello.finish = judgement.reason;
    }
    ByteReader length(message.subspan(1));
    judged += static_cast<std::uint32_t>(tls::kHandshakeHeaderOctets) + length.u24();
  }
  return std::nullopt;
}

bool QuicJudge::find_names(const tls::ClientHello& hello, inspect::FindingList& findings) noexcept {
  findings.clear();
  const auto add = [&](inspect::Source source, std::string_view raw, const name::Name& name) {
    if (inspect::Finding* finding = findings.add()) {
      finding->protocol = inspect::Protocol::quic;
      finding->source = source;
      finding->raw = raw;
      finding->name = name;
      finding->has_ech = hello.has_ech;
    }
  };
  if (hello.has_server_name) {
    add(inspect::Source::server_name, hello.server_name, name::Name::from_host(hello.server_name));
  }
  if (hello.first_alpn == kDoqAlpn) {
    add(inspect::Source::signature, kDoqAlpn, match::signature_name(kDoqAlpn));
  }
  return findings.size() > 0;
}

flow::Insert QuicJudge::store(const Request& request, const Initial& initial,
                              const quic::CryptoFrame& frame) noexcept {
  flow::ClientStream& stream = initial.hello->stream;
  flow::Insert result = stream.insert(pool_, frame.offset, frame.bytes);
  if (result == flow::Insert::no_memory && reclaim_stream(request, *initial.flow)) {
    result = stream.insert(pool_, frame.offset, frame.bytes);
  }
  keep(*initial.flow);
  return result;
}

// Takes the memory of the flow that has been idle longest. Whether its hellos were judged or not,
// bytes that come later can no longer be compared with those before.
bool QuicJudge::reclaim_stream(const Request& request, const QuicFlow& but_not) noexcept {
  QuicFlow* const oldest = flows_.oldest(flow::Keep::held);
  if (oldest == nullptr || oldest == &but_not) return false;
  for (QuicHello& hello : oldest->hellos) {
    if (!hello.stream.holds_memory()) continue;
    hello.stream.release(pool_);
    hello.finish = Reason::no_memory;
    hello.phase = request.fallbacks.unjudged == policy::OnTrouble::drop
                      ? QuicHello::Phase::forgotten
                      : QuicHello::Phase::passed;
  }
  keep(*oldest);
  return true;
}

void QuicJudge::keep(QuicFlow& flow) noexcept {
  flow::Keep keep = flow::Keep::light;
  for (const QuicHello& hello : flow.hellos) {
    if (hello.stream.holds_memory()) keep = flow::Keep::held;
    if (hello.phase == QuicHello::Phase::blocked) keep = std::max(keep, flow::Keep::pinned);
  }
  flows_.keep(flow, keep);
}

Judgement QuicJudge::block(const Initial& initial, const Judgement& why) noexcept {
  initial.hello->stream.release(pool_);
  initial.hello->phase = QuicHello::Phase::blocked;
  keep(*initial.flow);
  return why;
}

Judgement QuicJudge::cannot_judge(const Request& request, const Initial& initial,
                                  inspect::ParseError error) noexcept {
  request.sink.on_parse_error(error);
  if (enforce_ && request.fallbacks.unjudged == policy::OnTrouble::drop) {
    return block(initial, drop_alone(Reason::unreadable));
  }
  initial.hello->stream.release(pool_);
  initial.hello->phase = QuicHello::Phase::passed;
  initial.hello->finish = Reason::unreadable;
  keep(*initial.flow);
  return allow(Reason::unreadable);
}

Judgement QuicJudge::drop_alone(Reason reason) const noexcept {
  return {.action = enforce_ ? policy::Action::drop : policy::Action::allow, .reason = reason};
}

void QuicJudge::expire(Nanos now) noexcept {
  flows_.expire(now, [this](QuicFlow& flow, flow::Removal removal) { on_removed(flow, removal); });
}

void QuicJudge::on_removed(QuicFlow& flow, flow::Removal removal) noexcept {
  for (QuicHello& hello : flow.hellos) hello.stream.release(pool_);
  ++removals_[static_cast<std::size_t>(removal)];
}

}  // namespace sluice::engine
