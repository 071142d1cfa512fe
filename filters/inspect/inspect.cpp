#include "filters/inspect/inspect.h"

#include <algorithm>

#include "filters/dns/framing.h"
#include "filters/inspect/http_stream.h"
#include "filters/mmtls/hello.h"
#include "filters/proxy/head.h"
#include "filters/tls/record.h"
#include "filters/tls/search.h"

namespace sluice::inspect {
namespace {

static_assert(FindingList::kCapacity >= dns::kMaxQuestions + http::kMaxHosts,
              "all findings of one message fit");

StreamReport unreadable(Protocol protocol, ParseError error) noexcept {
  return {.progress = Progress::unreadable, .protocol = protocol, .error = error};
}

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
  if (!framed.complete) return {.protocol = Protocol::dns, .needed = framed.needed};
  const auto parsed = dns::parse_query(framed.message, scratch.query);
  if (parsed) {
    add_questions(scratch.query, findings);
  } else if (const ParseError error = error_of(parsed.error()); error != ParseError::none) {
    return {.progress = Progress::unreadable,
            .protocol = Protocol::dns,
            .consumed = framed.consumed,
            .error = error};
  }
  // What is no query (NOTIFY, UPDATE) names nothing that we judge.
  state.stage = Stage::dns;
  return {.progress = Progress::message, .protocol = Protocol::dns, .consumed = framed.consumed};
}

void add_server_name(const tls::ClientHello& hello, FindingList& findings) noexcept {
  if (!hello.has_server_name) return;
  if (Finding* finding = findings.add()) {
    finding->protocol = Protocol::tls;
    finding->source = Source::server_name;
    finding->raw = hello.server_name;
    finding->name = name::Name::from_host(finding->raw);
    finding->has_ech = hello.has_ech;
  }
}

StreamReport inspect_tls(Bytes stream, Scratch& scratch, FindingList& findings) noexcept {
  const tls::HelloRead read = tls::read_client_hello(stream, scratch.handshake);
  if (!read.hello) {
    switch (read.hello.error()) {
      case tls::HelloError::need_more:
        return {.protocol = Protocol::tls, .needed = read.needed};
      case tls::HelloError::not_client_hello:
        return {.progress = Progress::unrecognised};
      case tls::HelloError::malformed:
        return unreadable(Protocol::tls, ParseError::tls_malformed);
      case tls::HelloError::too_large:
        return unreadable(Protocol::tls, ParseError::tls_too_large);
    }
  }
  add_server_name(*read.hello, findings);
  return {.progress = Progress::finished, .protocol = Protocol::tls, .consumed = read.consumed};
}

// Looks for hellos at any place. What is none, as far as it is there, is read over; one that is not
// whole is waited for, and does not hide others behind it.
StreamReport inspect_unknown(Bytes stream, StreamState& state, Scratch& scratch,
                             FindingList& findings) noexcept {
  constexpr int kMostCandidates = 4;
  state.stage = Stage::search;
  std::size_t waits_at = stream.size();
  std::size_t at = tls::find_client_hello(stream, 0);
  for (int i = 0; i < kMostCandidates && at < stream.size() && findings.size() == 0; ++i) {
    const tls::HelloRead read = tls::read_client_hello(stream.subspan(at), scratch.handshake);
    if (read.hello) {
      add_server_name(*read.hello, findings);
      at += read.consumed;
    } else {
      if (read.hello.error() == tls::HelloError::need_more) waits_at = std::min(waits_at, at);
      ++at;
    }
    if (findings.size() == 0) at = tls::find_client_hello(stream, at);
  }
  waits_at = std::min(waits_at, at);
  if (waits_at == 0 && findings.size() == 0) return {.needed = stream.size() + 1};
  state.searched += static_cast<std::uint32_t>(waits_at);
  if (state.searched >= kMaxSearch && findings.size() == 0) {
    return {.progress = Progress::unrecognised};
  }
  return {.progress = Progress::message, .consumed = waits_at};
}

// The start of a stream, or what follows a message that is over.
StreamReport inspect_start(Bytes stream, Port server_port, StreamState& state, Scratch& scratch,
                           FindingList& findings) noexcept {
  const Detection mmtls = mmtls::looks_like_hello(stream);
  if (mmtls == Detection::yes) {
    add_signature(Protocol::mmtls, "mmtls._signature", findings);
    return {.progress = Progress::finished,
            .protocol = Protocol::mmtls,
            .consumed = mmtls::kHelloHeadBytes};
  }
  const auto head = proxy::parse_head(stream);
  if (head) {
    if (!head->host.empty()) add_host(head->host, findings);
    return {.progress = Progress::message,
            .protocol = Protocol::http,
            .consumed = head->size,
            .is_part = true};
  }
  if (const auto report = begin_http2(stream, state)) return *report;
  const bool tls = tls::may_be_tls(stream);
  const bool http = http::may_be_request(stream);
  const bool dns = (server_port == kDnsPort && !tls && !http) || dns::may_be_query_stream(stream);
  const bool others = mmtls == Detection::maybe || head.error() == proxy::HeadError::need_more;
  const int may_be = int{tls} + int{http} + int{dns} + int{others};
  if (may_be > 1 || (may_be == 1 && others)) return {.needed = stream.size() + 1};
  StreamReport report{.progress = Progress::unrecognised};
  if (tls) report = inspect_tls(stream, scratch, findings);
  if (http) report = inspect_http(stream, state, findings);
  if (dns) report = inspect_dns(stream, state, scratch, findings);
  // Elsewhere than at its port what looks like DNS may turn out to be something else.
  if (dns && server_port != kDnsPort && report.progress == Progress::need_more) {
    report.needed = stream.size() + 1;
  }
  // At its port it is DNS even where it cannot be read.
  if (dns && server_port == kDnsPort && report.progress == Progress::unreadable) {
    state.stage = Stage::dns;
  }
  return report.progress == Progress::unrecognised
             ? inspect_unknown(stream, state, scratch, findings)
             : report;
}

}  // namespace

std::string_view to_string(ParseError error) noexcept {
  switch (error) {
    case ParseError::none:
      return "none";
    case ParseError::dns_malformed:
    case ParseError::tls_malformed:
    case ParseError::http_malformed:
    case ParseError::quic_malformed:
      return "malformed";
    case ParseError::dns_too_many_questions:
      return "too_many_questions";
    case ParseError::tls_too_large:
    case ParseError::http_too_large:
    case ParseError::quic_too_large:
      return "too_large";
    case ParseError::http_too_many_hosts:
      return "too_many_hosts";
    case ParseError::http_ambiguous_body:
      return "ambiguous_body";
  }
  return "?";
}

Protocol protocol_of(ParseError error) noexcept {
  switch (error) {
    case ParseError::tls_malformed:
    case ParseError::tls_too_large:
      return Protocol::tls;
    case ParseError::http_malformed:
    case ParseError::http_too_large:
    case ParseError::http_too_many_hosts:
    case ParseError::http_ambiguous_body:
      return Protocol::http;
    case ParseError::quic_malformed:
    case ParseError::quic_too_large:
      return Protocol::quic;
    case ParseError::none:
    case ParseError::dns_malformed:
    case ParseError::dns_too_many_questions:
      break;
  }
  return Protocol::dns;
}

StreamReport inspect_stream(Bytes stream, Port server_port, StreamState& state, Scratch& scratch,
                            FindingList& findings) noexcept {
  switch (state.stage) {
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
      return inspect_unknown(stream, state, scratch, findings);
    case Stage::lost:
      break;
  }
  return unreadable(Protocol::http, ParseError::http_ambiguous_body);
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
