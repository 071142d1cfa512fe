#include "filters/inspect/inspect.h"

#include <algorithm>

#include "filters/dns/framing.h"
#include "filters/tls/record.h"

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

StreamReport inspect_dns(Bytes stream, Scratch& scratch, FindingList& findings) noexcept {
  const dns::Framed framed = dns::next_message(stream);
  if (!framed.complete) return {.protocol = Protocol::dns, .needed = framed.needed};
  const auto parsed = dns::parse_query(framed.message, scratch.query);
  if (parsed) {
    add_questions(scratch.query, findings);
  } else if (const ParseError error = error_of(parsed.error()); error != ParseError::none) {
    return unreadable(Protocol::dns, error);
  }
  // What is no query (NOTIFY, UPDATE) names nothing that we judge.
  return {.progress = Progress::message, .protocol = Protocol::dns, .consumed = framed.consumed};
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
  if (read.hello->has_server_name) {
    if (Finding* finding = findings.add()) {
      finding->protocol = Protocol::tls;
      finding->source = Source::server_name;
      finding->raw = read.hello->server_name;
      finding->name = name::Name::from_host(finding->raw);
      finding->has_ech = read.hello->has_ech;
    }
  }
  return {.progress = Progress::finished, .protocol = Protocol::tls, .consumed = read.consumed};
}

StreamReport inspect_http(Bytes stream, FindingList& findings) noexcept {
  const auto request = http::parse_request(stream);
  if (!request) {
    switch (request.error()) {
      case http::RequestError::need_more:
        return {.protocol = Protocol::http, .needed = stream.size() + 1};
      case http::RequestError::not_http:
        return {.progress = Progress::unrecognised};
      case http::RequestError::malformed:
        return unreadable(Protocol::http, ParseError::http_malformed);
      case http::RequestError::too_large:
        return unreadable(Protocol::http, ParseError::http_too_large);
      case http::RequestError::too_many_hosts:
        return unreadable(Protocol::http, ParseError::http_too_many_hosts);
    }
  }
  for (std::size_t i = 0; i < request->host_count; ++i) {
    if (Finding* finding = findings.add()) {
      finding->protocol = Protocol::http;
      finding->source = Source::host;
      finding->raw = request->hosts[i];
      finding->name = name::Name::from_host(http::without_port(finding->raw));
    }
  }
  return {
      .progress = Progress::finished, .protocol = Protocol::http, .consumed = request->head_size};
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

StreamReport inspect_stream(Bytes stream, Port server_port, std::optional<Protocol> expected,
                            Scratch& scratch, FindingList& findings) noexcept {
  const bool tls = expected ? *expected == Protocol::tls : tls::may_be_tls(stream);
  const bool http = expected ? *expected == Protocol::http : http::may_be_request(stream);
  const bool dns =
      expected ? *expected == Protocol::dns
               : (server_port == kDnsPort && !tls && !http) || dns::may_be_query_stream(stream);
  switch (static_cast<int>(tls) + static_cast<int>(http) + static_cast<int>(dns)) {
    case 0:
      return {.progress = Progress::unrecognised};
    case 1:
      break;
    default:
      return {.needed = stream.size() + 1};  // too short to tell
  }
  if (tls) return inspect_tls(stream, scratch, findings);
  if (http) return inspect_http(stream, findings);
  return inspect_dns(stream, scratch, findings);
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
