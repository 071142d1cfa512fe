#include "filters/inspect/inspect.h"

#include "filters/dns/framing.h"
#include "filters/inspect/http_stream.h"
#include "filters/inspect/search.h"
#include "filters/inspect/server_name.h"
#include "filters/mmtls/hello.h"
#include "filters/proxy/head.h"
#include "filters/tls/record.h"

namespace sluice::inspect {
namespace {

// A host may give several findings (add_host), a request two signatures.
static_assert(FindingList::kCapacity >= dns::kMaxQuestions &&
                  FindingList::kCapacity >= kMaxHostParts * http::kMaxHosts + 2,
              "all findings of one message fit");

void add_questions(const dns::Query& query, FindingList& findings) noexcept {
  for (std::size_t i = 0; i < query.count; ++i) {
    if (Finding* finding = findings.add()) {
      finding->protocol = Protocol::dns;
      finding->source = Source::question;
      finding->name = query.questions[i].name;
      finding->qtype = query.questions[i].qtype;
    }
  }
}

ParseError error_of(dns::QueryError error) noexcept {
  switch (error) {
    case dns::QueryError::not_query:
      break;
    case dns::QueryError::malformed:
      return ParseError::dns_malformed;
    case dns::QueryError::too_many_questions:
      return ParseError::dns_too_many_questions;
  }
  return ParseError::none;
}

StreamReport inspect_dns(Bytes stream, StreamState& state, Scratch& scratch,
                         FindingList& findings) noexcept {
  const dns::Framed framed = dns::next_message(stream);
  if (!framed.complete) {
    return {.protocol = Protocol::dns, .needed = framed.needed, .examined = dns::kFramingBytes};
  }
  StreamReport report{.progress = Progress::message,
                      .protocol = Protocol::dns,
                      .consumed = framed.consumed,
                      .examined = framed.consumed};
  const auto parsed = dns::parse_query(framed.message, scratch.query);
  if (parsed) {
    add_questions(scratch.query, findings);
    for (std::size_t i = 0; i < scratch.query.count; ++i) {
      report.examined += scratch.query.questions[i].name.wire().size();
    }
  } else {
    report.error = error_of(parsed.error());
    if (report.error != ParseError::none) {
      report.progress = Progress::unreadable;
      return report;
    }
  }
  // Other messages (NOTIFY, UPDATE) name nothing that we judge.
  state.at = InDns{};
  return report;
}

StreamReport inspect_tls(Bytes stream, StreamState& state, Scratch& scratch,
                         FindingList& findings) noexcept {
  tls::HelloWalk& walk = std::get<AtStart>(state.at).hello;
  const tls::HelloRead read = tls::read_client_hello(stream, walk, scratch.handshake);
  StreamReport report{.progress = Progress::message,
                      .protocol = Protocol::tls,
                      .consumed = read.consumed,
                      .examined = read.examined};
  if (read.hello) {
    add_server_name(*read.hello, Protocol::tls, findings);
    state.at = InSearch{.behind_hello = true};
    return report;
  }
  report.consumed = 0;
  report.progress = Progress::unreadable;
  switch (read.hello.error()) {
    case tls::HelloError::need_more:
      report.progress = Progress::need_more;
      report.needed = read.needed;
      break;
    case tls::HelloError::not_client_hello:
      report.progress = Progress::unrecognised;
      break;
    case tls::HelloError::malformed:
      report.error = ParseError::tls_malformed;
      break;
    case tls::HelloError::too_large:
      report.error = ParseError::tls_too_large;
      break;
  }
  return report;
}

// REQUIRES: it was recognised.
StreamReport step_over_idle_record(Bytes stream, StreamState& state) noexcept {
  state.at = AtStart{};
  return {.progress = Progress::message,
          .protocol = Protocol::tls,
          .consumed = tls::kRecordHeaderBytes,
          .skip = tls::find_idle_record(stream).size - tls::kRecordHeaderBytes,
          .is_part = true,
          .examined = tls::kRecordHeaderBytes};
}

StreamReport inspect_mmtls(FindingList& findings) noexcept {
  add_signature(Protocol::mmtls, "mmtls._signature", findings);
  return {.progress = Progress::finished,
          .protocol = Protocol::mmtls,
          .consumed = mmtls::kHelloHeadBytes};
}

// REQUIRES: it was recognised, so it is whole.
StreamReport inspect_proxy_head(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  const auto head = proxy::parse_head(stream);
  if (!head) return {.progress = Progress::unrecognised};
  // No proxy takes a part behind the first ones.
  if (!head->host.empty()) static_cast<void>(add_host(head->host, findings));
  state.at = AtStart{};
  return {.progress = Progress::message,
          .protocol = Protocol::http,
          .consumed = head->size,
          .is_part = true,
          .examined = head->size};
}

// DNS behind a start. Elsewhere than at its port, what cannot be read may have been something else,
// and the stream starts anew behind it.
StreamReport begin_dns(Bytes stream, bool to_dns, StreamState& state, Scratch& scratch,
                       FindingList& findings) noexcept {
  const StreamReport report = inspect_dns(stream, state, scratch, findings);
  if (report.progress == Progress::unreadable) {
    state.at = AtStart{};
    if (to_dns) state.at = InDns{};
  }
  return report;
}

StreamReport inspect_kind(Bytes stream, bool to_dns, StreamState& state, Scratch& scratch,
                          FindingList& findings) noexcept {
  auto& start = std::get<AtStart>(state.at);
  switch (start.scan.kind) {
    case StreamKind::mmtls:
      return inspect_mmtls(findings);
    case StreamKind::proxy_head:
      return inspect_proxy_head(stream, state, findings);
    case StreamKind::http2:
      return begin_http2(stream, state);
    case StreamKind::tls:
      return inspect_tls(stream, state, scratch, findings);
    case StreamKind::tls_idle:
      return step_over_idle_record(stream, state);
    case StreamKind::http:
      return begin_http(stream, state, findings);
    case StreamKind::dns:
      return begin_dns(stream, to_dns, state, scratch, findings);
    case StreamKind::contradictory:
      return {.progress = Progress::unreadable,
              .protocol = Protocol::dns,
              .error = ParseError::dns_malformed};
    case StreamKind::undecided:
    case StreamKind::unknown:
      break;
  }
  return {.progress = Progress::unrecognised};
}

// The start of a stream, or what follows a message that is over.
StreamReport inspect_start(Bytes stream, Port server_port, StreamState& state, Scratch& scratch,
                           FindingList& findings) noexcept {
  const bool to_dns = server_port == kDnsPort;
  StreamScan& scan = std::get<AtStart>(state.at).scan;
  std::size_t examined = 0;
  if (scan.kind == StreamKind::undecided) {
    const StreamGuess guess = recognise_stream(stream, to_dns, scan);
    if (guess.kind == StreamKind::undecided) {
      return {.needed = guess.needed, .examined = guess.examined};
    }
    examined = guess.examined;
  }
  StreamReport report = inspect_kind(stream, to_dns, state, scratch, findings);
  if (report.progress == Progress::unrecognised) {
    examined += report.examined;
    state.at = InSearch{};
    report = search_hello(stream, state, scratch.handshake, findings);
  }
  report.examined += examined;
  return report;
}

}  // namespace

StreamReport inspect_stream(Bytes stream, Port server_port, StreamState& state, Scratch& scratch,
                            FindingList& findings) noexcept {
  switch (state.stage()) {
    case Stage::start:
      return inspect_start(stream, server_port, state, scratch, findings);
    case Stage::dns:
      return inspect_dns(stream, state, scratch, findings);
    case Stage::http_fields:
    case Stage::http_chunk:
    case Stage::http_trailer:
      return inspect_http(stream, state, findings);
    case Stage::http2:
      return inspect_http2(stream, state, scratch.http2, findings);
    case Stage::search:
      return search_hello(stream, state, scratch.handshake, findings);
    case Stage::lost:
      break;
  }
  return {.progress = Progress::unreadable,
          .protocol = Protocol::http,
          .error = ParseError::http_ambiguous_body};
}

DatagramReport inspect_datagram(Bytes payload, Port server_port, Scratch& scratch,
                                FindingList& findings) noexcept {
  if (server_port != kDnsPort) return {};
  const auto parsed = dns::parse_query(payload, scratch.query);
  if (parsed) {
    add_questions(scratch.query, findings);
    return {.progress = Progress::finished, .protocol = Protocol::dns};
  }
  const ParseError error = error_of(parsed.error());
  if (error == ParseError::none) return {};
  return {.progress = Progress::unreadable, .protocol = Protocol::dns, .error = error};
}

}  // namespace sluice::inspect
