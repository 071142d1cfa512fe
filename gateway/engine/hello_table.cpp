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

// What policy says of a hello.
Judgement decide(const Context& context, Kind kind, const tls::ClientHello& hello) {
  return find_names(kind, hello, context.bench.findings) ? judge_hello_names(context)
                                                         : pass(Reason::no_name);
}

}  // namespace

HelloTable::HelloTable(const HelloLimits& limits, HashKey key)
    : flows_(limits.flows, key, kHandshakeIdle),
      pool_(hello_slots(limits), long_hello_slots(limits)),
      budget_(limits.clients, limits.initials_per_second, key) {}

std::size_t HelloTable::memory_bytes(const HelloLimits& limits) noexcept {
  return limits.flows * flow::Table<HelloFlow>::bytes_per_flow() +
         flow::StreamPool::memory_bytes(hello_slots(limits), long_hello_slots(limits)) +
         limits.clients * ClientBudget::bytes_per_client();
}

HelloFlow* HelloTable::find(const flow::FlowKey& key, Nanos now) noexcept {
  HelloFlow* const flow = flows_.find(key);
  if (flow != nullptr) flows_.touch(*flow, now);
  return flow;
}

HelloFlow& HelloTable::insert(const flow::FlowKey& key, Nanos now) noexcept {
  return flows_.insert(key, now, [this](HelloFlow& removed, flow::Removal removal) {
    on_removed(removed, removal);
  });
}

DatagramHello* HelloTable::claim(HelloFlow& flow, Nanos now) noexcept {
  const auto silent_longest =
      std::ranges::min_element(flow.hellos, {}, [](const DatagramHello& hello) {
        return hello.phase == Phase::unused ? Nanos::min() : hello.last_seen;
      });
  if (silent_longest->phase != Phase::unused && now - silent_longest->last_seen < kHelloAge) {
    return nullptr;
  }
  clear(*silent_longest);
  return &*silent_longest;
}

void HelloTable::clear(DatagramHello& hello) noexcept {
  hello.stream.release(pool_);
  hello = DatagramHello{};
}

Judgement HelloTable::drop_overlap(const Context& context) noexcept {
  ++overlaps_;
  return drop_packet(context, Reason::overlap);
}

std::optional<Judgement> HelloTable::add(const Context& context, HelloFlow& flow,
                                         DatagramHello& hello, std::uint64_t offset,
                                         Bytes bytes) noexcept {
  if (hello.phase == Phase::blocked) return drop_packet(context, Reason::flow_blocked);
  if (hello.phase == Phase::passed) return pass(hello.finish);
  if (hello.phase == Phase::forgotten) return drop_packet(context, Reason::no_memory);
  switch (store(context, flow, hello, offset, bytes)) {
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

Judgement HelloTable::judge(const Context& context, HelloFlow& flow,
                            DatagramHello& hello) noexcept {
  const auto form = hello.kind == Kind::dtls ? tls::HelloForm::datagram : tls::HelloForm::stream;
  const Bytes view = hello.stream.view(pool_);
  while (hello.judged < view.size()) {
    const Bytes message = view.subspan(hello.judged);
    const Read read = tls::parse_client_hello(message, form);
    if (!read) {
      if (read.error() == tls::HelloError::need_more) return pass(Reason::unfinished);
      if (read.error() != tls::HelloError::not_client_hello) {
        return cannot_judge(context, flow, hello, read.error());
      }
      hello.finish = Reason::unknown_protocol;  // no server takes another message here
      hello.judged = static_cast<std::uint32_t>(view.size());
      break;
    }
    const Judgement judgement = decide(context, hello.kind, *read);
    if (!judgement.passes()) {
      end(flow, hello, judgement);
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

flow::Insert HelloTable::store(const Context& context, HelloFlow& flow, DatagramHello& hello,
                               std::uint64_t offset, Bytes bytes) noexcept {
  flow::Insert result = hello.stream.insert(pool_, offset, bytes);
  if (result == flow::Insert::no_memory && reclaim_stream(context, flow)) {
    result = hello.stream.insert(pool_, offset, bytes);
  }
  keep(flow);
  return result;
}

// Takes the memory of the flow that has been idle longest. Whether its hellos were judged or not,
// bytes that come later can no longer be compared with those before.
bool HelloTable::reclaim_stream(const Context& context, const HelloFlow& beneficiary) noexcept {
  HelloFlow* const oldest = flows_.oldest(flow::Keep::held);
  if (oldest == nullptr || oldest == &beneficiary) return false;
  for (DatagramHello& hello : oldest->hellos) {
    if (!hello.stream.holds_memory()) continue;
    end(*oldest, hello, engine::cannot_judge(context, Reason::no_memory));
    if (hello.phase == Phase::blocked) hello.phase = Phase::forgotten;
  }
  keep(*oldest);
  return true;
}

void HelloTable::keep(HelloFlow& flow) noexcept {
  flow::Keep keep = flow::Keep::light;
  for (const DatagramHello& hello : flow.hellos) {
    if (hello.stream.holds_memory()) keep = flow::Keep::held;
    if (hello.phase == Phase::blocked) keep = std::max(keep, flow::Keep::pinned);
  }
  flows_.keep(flow, keep);
}

// Nothing more of it is judged.
void HelloTable::end(HelloFlow& flow, DatagramHello& hello, const Judgement& why) noexcept {
  hello.stream.release(pool_);
  hello.phase = why.passes() ? Phase::passed : Phase::blocked;
  hello.finish = why.reason;
  keep(flow);
}

Judgement HelloTable::cannot_judge(const Context& context, HelloFlow& flow, DatagramHello& hello,
                                   tls::HelloError error) noexcept {
  context.sink.on_parse_error(error_of(hello.kind, error));
  const Judgement judgement = engine::cannot_judge(context, Reason::unreadable);
  end(flow, hello, judgement);
  return judgement;
}

void HelloTable::expire(Nanos now) noexcept {
  flows_.expire(now, [this](HelloFlow& flow, flow::Removal removal) { on_removed(flow, removal); });
}

void HelloTable::on_removed(HelloFlow& flow, flow::Removal removal) noexcept {
  for (DatagramHello& hello : flow.hellos) hello.stream.release(pool_);
  ++removals_[static_cast<std::size_t>(removal)];
}

}  // namespace sluice::engine
