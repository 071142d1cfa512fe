#include "filters/inspect/http_stream.h"

#include <algorithm>

#include "filters/http/chunk.h"

namespace sluice::inspect {
namespace {

StreamReport unreadable(ParseError error) noexcept {
  return {.progress = Progress::unreadable, .protocol = Protocol::http, .error = error};
}

StreamReport wait_for_more(Bytes stream) noexcept {
  return {.protocol = Protocol::http, .needed = stream.size() + 1};
}

StreamReport message(std::size_t consumed, std::uint64_t skip = 0) noexcept {
  return {.progress = Progress::message,
          .protocol = Protocol::http,
          .consumed = consumed,
          .skip = skip};
}

ParseError error_of(http::RequestError error) noexcept {
  return error == http::RequestError::too_many_hosts ? ParseError::http_too_many_hosts
                                                     : ParseError::http_too_large;
}

// WeChat's short link is `/mmtls/` and eight hex digits.
bool is_mmtls_path(std::string_view path) noexcept {
  constexpr std::string_view kStart = "/mmtls/";
  constexpr std::size_t kDigits = 8;
  return path.size() == kStart.size() + kDigits && path.starts_with(kStart) &&
         path.find_first_not_of("0123456789abcdefABCDEF", kStart.size()) == std::string_view::npos;
}

// … and its own name service.
bool is_httpdns_path(std::string_view path) noexcept {
  return path == "/cgi-bin/micromsg-bin/newgetdns";
}

std::string_view path_of(std::string_view target) noexcept {
  if (const std::size_t scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const std::size_t path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? std::string_view{} : target.substr(path);
  }
  return target.substr(0, target.find_first_of("?#"));
}

void add_findings(const http::Request& request, FindingList& findings) noexcept {
  for (std::size_t i = 0; i < request.host_count; ++i) add_host(request.hosts[i], findings);
  const std::string_view path = path_of(request.target);
  if (request.upgrades_to_mmtls || is_mmtls_path(path)) {
    add_signature(Protocol::mmtls, "mmtls._signature", findings);
  }
  if (is_httpdns_path(path)) add_signature(Protocol::http, "httpdns._signature", findings);
}

// A whole head: where does the next message begin?
StreamReport end_head(const http::Request& request, StreamState& state) noexcept {
  const http::Framing framing = request.framing;
  const bool has_body = !state.is_connect;
  state = {};
  if (has_body && framing.ambiguous) {
    state.stage = Stage::lost;
  } else if (has_body && framing.chunked) {
    state.stage = Stage::http_chunk;
  } else if (has_body) {
    return message(request.head_size, framing.length);
  }
  return message(request.head_size);
}

StreamReport inspect_head(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  const bool begins = state.stage == Stage::start;
  const auto request =
      begins ? http::parse_request(stream) : http::continue_request(stream, state.framing);
  if (!request) {
    if (request.error() == http::RequestError::need_more) return wait_for_more(stream);
    if (request.error() == http::RequestError::not_http) {
      return {.progress = Progress::unrecognised};
    }
    return unreadable(error_of(request.error()));
  }
  add_findings(*request, findings);
  if (begins) state.is_connect = equal_ignoring_case(request->method, "CONNECT");
  if (request->is_whole) return end_head(*request, state);
  state.stage = Stage::http_fields;
  state.framing = request->framing;
  return message(request->head_size);
}

StreamReport inspect_chunk(Bytes stream, StreamState& state) noexcept {
  const auto chunk = http::parse_chunk(stream);
  if (!chunk) {
    return chunk.error() == http::ChunkError::need_more ? wait_for_more(stream)
                                                        : unreadable(ParseError::http_malformed);
  }
  if (chunk->data_size == 0) state.stage = Stage::http_trailer;
  return message(chunk->line_size, chunk->data_size);
}

StreamReport inspect_trailer(Bytes stream, StreamState& state) noexcept {
  const auto fields = http::continue_request(stream, state.framing);
  if (!fields) {
    return fields.error() == http::RequestError::need_more ? wait_for_more(stream)
                                                           : unreadable(error_of(fields.error()));
  }
  // What a trailer says of hosts and bodies no server heeds.
  const bool in_line = fields->framing.in_line;
  state = {};
  if (!fields->is_whole) {
    state.stage = Stage::http_trailer;
    state.framing.in_line = in_line;
  }
  return message(fields->head_size);
}

}  // namespace

void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept {
  const auto canonical = name::Name::from_text(name);
  if (!canonical) return;
  if (Finding* finding = findings.add()) {
    finding->protocol = protocol;
    finding->source = Source::signature;
    finding->name = *canonical;
  }
}

void add_host(std::string_view host, FindingList& findings) noexcept {
  if (Finding* finding = findings.add()) {
    finding->protocol = Protocol::http;
    finding->source = Source::host;
    finding->raw = host;
    finding->name = name::Name::from_host(http::without_port(host));
  }
}

StreamReport inspect_http(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  const bool is_part = state.stage != Stage::start;
  StreamReport report = state.stage == Stage::http_chunk ? inspect_chunk(stream, state)
                        : state.stage == Stage::http_trailer
                            ? inspect_trailer(stream, state)
                            : inspect_head(stream, state, findings);
  report.is_part = is_part;
  return report;
}

}  // namespace sluice::inspect
