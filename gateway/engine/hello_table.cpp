#include "gateway/engine/hello_table.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/inspect/server_name.h"
#include "filters/match/pseudo_name.h"

namespace sluice::engine {
namespace {

using Kind = DatagramHello::Kind;
using Phase = DatagramHello::Phase;

// Handshakes last seconds: what no piece of one has touched for so long is over.
constexpr Nanos kHandshakeIdle = std::chrono::seconds(120);

// Longer than servers keep half of a hello. The rest of it is refused for as long.
constexpr Nanos kForgottenFor = std::chrono::minutes(10);

constexpr std::string_view kDoqAlpn = "doq";  // RFC 9250

inspect::ParseError error_of(Kind kind, tls::HelloError error) {
  const bool too_large = error == tls::HelloError::too_large;
  if (kind == Kind::dtls) {
    return too_large ? inspect::ParseError::tls_too_large : inspect::ParseError::tls_malformed;
  }
  return too_large ? inspect::ParseError::quic_too_large : inspect::ParseError::quic_malformed;
}

bool find_names(Kind kind, const tls::ClientHello& hello, inspect::FindingList& findings) {
  findings.clear();
  if (kind == Kind::dtls) {
    inspect::add_server_name(hello, inspect::Protocol::tls, findings);
    return findings.size() > 0;
  }
  inspect::add_server_name(hello, inspect::Protocol::quic, findings);
  if (hello.first_alpn == kDoqAlpn) {
    if (inspect::Finding* finding = findings.add()) {
      finding->protocol = inspect::Protocol::quic;
      finding->source = inspect::Source::signature;
      finding->raw = kDoqAlpn;
      finding->name = match::signature_name(kDoqAlpn);
      finding->has_ech = hello.has_ech;
    }
  }
  return findings.size() > 0;
}

flow::ClassLimits limits_of(const HelloLimits& limits) {
  flow::ClassLimits of;
  of[flow::Keep::unanswered] = flow::limit_of_part(limits.flows, 2);
  of[flow::Keep::unanswered_held] = flow::limit_of_part(limits.streams, 2);
  of[flow::Keep::pinned] = flow::limit_of_part(limits.flows, 4);
  return of;
}

flow::Keep keep_of(const DatagramHello& hello) {
  return flow::keep_for({.is_answered = hello.is_answered,
                         .is_refused = hello.phase == Phase::blocked,
                         .holds_memory = hello.stream.holds_memory()});
}

// Many more than there is room for: it takes so many packets to make one forgotten for good.
flow::Forgotten::Size forgotten_of(const HelloLimits& limits) {
  return {64 * limits.flows, 16};
}

// What policy says of a hello.
Judgement decide(const Context& context, Kind kind, const tls::ClientHello& hello) {
  return find_names(kind, hello, context.bench.findings) ? judge_hello_names(context)
                                                         : pass(Reason::no_name);
}

}  // namespace

HelloTable::HelloTable(const HelloLimits& limits, HashKey key)
    : key_(key),
      hellos_(limits.flows, key, kHandshakeIdle, limits_of(limits)),
      links_(2 * limits.flows, key, kHandshakeIdle, flow::ClassLimits{}),
      forgotten_(forgotten_of(limits), kForgottenFor),
      pool_(hello_slots(limits), long_hello_slots(limits)),
      budget_(limits.clients, limits.initials_per_second, key) {}

std::size_t HelloTable::memory_bytes(const HelloLimits& limits) noexcept {
  return limits.flows * (flow::Table<DatagramHello>::bytes_per_flow() +
                         2 * flow::Table<Link>::bytes_per_flow()) +
         flow::Forgotten::memory_bytes(forgotten_of(limits)) +
         flow::StreamPool::memory_bytes(hello_slots(limits), long_hello_slots(limits)) +
         limits.clients * ClientBudget::bytes_per_client();
}

DatagramHello* HelloTable::find(const flow::FlowKey& key, Nanos now) noexcept {
  DatagramHello* const hello = hellos_.find(key);
  if (hello != nullptr) hellos_.touch(*hello, now);
  return hello;
}

DatagramHello& HelloTable::insert(const Context& context, const flow::FlowKey& key) noexcept {
  newest_ = context.now;
  DatagramHello& hello =
      hellos_.insert(key, context.packet.source, flow::Keep::unanswered, context.now, on_removal());
  hello.serial = ++last_serial_;
  return hello;
}

void HelloTable::note_answer(DatagramHello& hello) noexcept {
  hello.is_answered = true;
  keep(hello);
}

std::span<DatagramHello* const> HelloTable::follow(const flow::FlowKey& key) noexcept {
  const Link* const link = links_.find(key);
  std::size_t count = 0;
  for (std::size_t i = 0; link != nullptr && i < kLinked && link->to[i].serial != 0; ++i) {
    DatagramHello& hello = hellos_.at(link->to[i].index);
    if (hello.serial == link->to[i].serial) followed_[count++] = &hello;
  }
  return std::span(followed_).first(count);
}

void HelloTable::link(const Context& context, const flow::FlowKey& key,
                      const DatagramHello& hello) noexcept {
  Link* link = links_.find(key);
  if (link == nullptr) {
    link = &links_.insert(key, context.client(), flow::Keep::light, context.now,
                          [](const Link&, flow::Removal) {});
  } else {
    links_.touch(*link, context.now);
  }
  std::shift_right(link->to.begin(), link->to.end(), 1);
  link->to[0] = {hellos_.index_of(hello), hello.serial};
}

void HelloTable::restart(DatagramHello& hello) noexcept {
  hello.stream.reset(pool_);
  hello.judged = 0;
  hello.finish = Reason::unfinished;
  hello.phase = Phase::judging;
  keep(hello);
}

Judgement HelloTable::drop_overlap(const Context& context) noexcept {
  ++overlaps_;
  return drop_packet(context, Reason::overlap);
}

std::optional<Judgement> HelloTable::add(const Context& context, DatagramHello& hello,
                                         std::uint64_t offset, Bytes bytes) noexcept {
  if (hello.phase == Phase::blocked) return drop_packet(context, Reason::flow_blocked);
  if (hello.phase == Phase::passed) return pass(hello.finish);
  if (hello.phase == Phase::forgotten) return drop_packet(context, Reason::no_memory);
  switch (store(context, hello, offset, bytes)) {
    case flow::Insert::beyond_window:
      return drop_packet(context, Reason::beyond_window);
    case flow::Insert::no_memory:
      return engine::cannot_judge(context, Reason::no_memory);
    case flow::Insert::differs:
      return drop_overlap(context);
    case flow::Insert::known:
    case flow::Insert::stored:
      break;
  }
  return std::nullopt;
}

Judgement HelloTable::judge(const Context& context, DatagramHello& hello) noexcept {
  const auto form = hello.kind == Kind::dtls ? tls::HelloForm::datagram : tls::HelloForm::stream;
  const Bytes view = hello.stream.view(pool_);
  while (hello.judged < view.size()) {
    const Bytes message = view.subspan(hello.judged);
    const Read read = tls::parse_client_hello(message, form);
    if (!read) {
      if (read.error() == tls::HelloError::need_more) return pass(Reason::unfinished);
      if (read.error() != tls::HelloError::not_client_hello) {
        return cannot_judge(context, hello, read.error());
      }
      hello.finish = Reason::unknown_protocol;  // no server takes another message here
      hello.judged = static_cast<std::uint32_t>(view.size());
      break;
    }
    const Judgement judgement = decide(context, hello.kind, *read);
    if (!judgement.passes()) {
      end(hello, judgement);
      return judgement;
    }
    hello.finish = judgement.reason;
    ByteReader length(message.subspan(1));
    hello.judged += static_cast<std::uint32_t>(tls::kHandshakeHeaderBytes) + length.u24();
  }
  return pass(hello.judged > 0 ? hello.finish : Reason::unfinished);
}

Judgement HelloTable::judge_whole(const Context& context, Kind kind, const Read& read) noexcept {
  if (read) return decide(context, kind, *read);
  context.sink.on_parse_error(error_of(kind, read.error()));
  return engine::cannot_judge(context, Reason::unreadable);
}

flow::Insert HelloTable::store(const Context& context, DatagramHello& hello, std::uint64_t offset,
                               Bytes bytes) noexcept {
  flow::Insert result = hello.stream.insert(pool_, offset, bytes);
  if (result == flow::Insert::no_memory && reclaim_stream(context, hello)) {
    result = hello.stream.insert(pool_, offset, bytes);
  }
  keep(hello);
  return result;
}

// What nobody has answered takes nothing from what is.
bool HelloTable::reclaim_stream(const Context& context, const DatagramHello& beneficiary) noexcept {
  const DatagramHello* const unanswered = hellos_.first_to_go(flow::Keep::unanswered_held);
  if (unanswered != nullptr && unanswered != &beneficiary) {
    hellos_.evict(flow::Keep::unanswered_held, on_removal());
    return true;
  }
  DatagramHello* const held = hellos_.first_to_go(flow::Keep::held);
  if (!beneficiary.is_answered || held == nullptr || held == &beneficiary) return false;
  take_memory(context, *held);
  return true;
}

// Whether the hello was judged or not, bytes that come later can no longer be compared with those
// before.
void HelloTable::take_memory(const Context& context, DatagramHello& hello) noexcept {
  end(hello, engine::cannot_judge(context, Reason::no_memory));
  if (hello.phase == Phase::blocked) hello.phase = Phase::forgotten;
  keep(hello);
}

void HelloTable::keep(DatagramHello& hello) noexcept {
  hellos_.keep(hello, keep_of(hello), on_removal());
}

// Nothing more of it is judged.
void HelloTable::end(DatagramHello& hello, const Judgement& why) noexcept {
  hello.stream.release(pool_);
  hello.phase = why.passes() ? Phase::passed : Phase::blocked;
  hello.finish = why.reason;
  keep(hello);
}

Judgement HelloTable::cannot_judge(const Context& context, DatagramHello& hello,
                                   tls::HelloError error) noexcept {
  context.sink.on_parse_error(error_of(hello.kind, error));
  const Judgement judgement = engine::cannot_judge(context, Reason::unreadable);
  end(hello, judgement);
  return judgement;
}

void HelloTable::expire(Nanos now) noexcept {
  newest_ = now;
  hellos_.expire(now, on_removal());
  links_.expire(now, [](const Link&, flow::Removal) {});
  forgotten_.tidy(now);
}

// A DCID is of one connection for ever, and its server may still take a second hello. The numbers
// of a DTLS hello that is over may be those of another connection.
void HelloTable::on_removed(DatagramHello& hello, flow::Removal removal) noexcept {
  const bool is_over = hello.phase == Phase::passed ||
                       (hello.phase == Phase::judging && hello.stream.end() <= hello.judged);
  if (hello.kind == Kind::quic || !is_over) {
    forgotten_.add(hellos_.hash(hellos_.key_of(hello)), newest_);
  }
  hello.stream.release(pool_);
  hello.serial = 0;  // no link leads here
  ++removals_[static_cast<std::size_t>(removal)];
}

}  // namespace sluice::engine
