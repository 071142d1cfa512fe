#include "filters/inspect/http_stream.h"

#include <algorithm>
#include <optional>

#include "filters/http/chunk.h"
#include "filters/inspect/server_name.h"

namespace sluice::inspect {
namespace {

using Parsed = Result<http::Request, http::RequestError>;

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

// The path of WeChat's short link: `/mmtls/` and eight hex digits.
bool is_mmtls_path(std::string_view path) noexcept {
  constexpr std::string_view kStart = "/mmtls/";
  constexpr std::size_t kDigits = 8;
  return path.size() == kStart.size() + kDigits && path.starts_with(kStart) &&
         path.find_first_not_of("0123456789abcdefABCDEF", kStart.size()) == std::string_view::npos;
}

// The path of WeChat's own name service.
bool is_httpdns_path(std::string_view path) noexcept {
  return path == "/cgi-bin/micromsg-bin/newgetdns";
}

// As much of a path as the two above may have.
std::string_view path_of(std::string_view target) noexcept {
  constexpr std::size_t kLongest = 64;
  if (const std::size_t scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const std::size_t path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? std::string_view{} : target.substr(path);
  }
  target = target.substr(0, kLongest);
  return target.substr(0, target.find_first_of("?#"));
}

// False: a host has too many parts.
bool add_findings(const http::Request& request, FindingList& findings) noexcept {
  for (std::size_t i = 0; i < request.host_count; ++i) {
    if (!add_host(request.hosts[i], findings)) return false;
  }
  const std::string_view path = path_of(request.target);
  if (request.upgrades_to_mmtls || is_mmtls_path(path)) {
    add_signature(Protocol::mmtls, "mmtls._signature", findings);
  }
  if (is_httpdns_path(path)) add_signature(Protocol::http, "httpdns._signature", findings);
  return true;
}

// Behind a whole head: where does the next message begin?
StreamReport end_head(const http::Request& request, bool is_connect, StreamState& state) noexcept {
  const http::Framing framing = request.framing;
  const bool has_body = !is_connect;
  state.at = AtStart{};
  if (has_body && framing.ambiguous) {
    state.at = IsLost{};
  } else if (has_body && framing.chunked) {
    state.at = AtHttpChunk{};
  } else if (has_body) {
    return message(request.head_size, framing.length);
  }
  return message(request.head_size);
}

StreamReport end_part(const http::Request& request, bool is_connect, StreamState& state,
                      FindingList& findings) noexcept {
  if (!add_findings(request, findings)) return unreadable(ParseError::http_too_many_hosts);
  if (request.is_whole) return end_head(request, is_connect, state);
  state.at = InHttpFields{.framing = request.framing, .is_connect = is_connect};
  return message(request.head_size);
}

// A parser goes over a head for its lines, and over the lines for their fields.
std::size_t bytes_parsed(Bytes stream, const Parsed& request) noexcept {
  const std::size_t window = std::min(stream.size(), http::kMaxHead);
  return 2 * (request && request->is_whole ? request->head_size : window);
}

// One step further in the fields of a head, or of a trailer.
struct Step {
  std::optional<Parsed> fields;  // none: wait for more
  std::size_t examined = 0;
};

Step continue_fields(Bytes stream, const http::Framing& framing, http::HeadScan& scan) noexcept {
  const std::size_t seen = scan.next;
  if (stream.empty()) return {};
  if (framing.in_line) {
    const Parsed line = http::continue_request(stream, framing);
    return {.fields = line, .examined = line ? line->head_size : 0};
  }
  const http::HeadEvent event = http::find_head_end(stream, scan);
  const std::size_t scanned = scan.next - seen;
  if (event == http::HeadEvent::need_more) return {.examined = scanned};
  const bool is_part = event == http::HeadEvent::part;
  if (is_part) stream = stream.first(scan.line);
  const Parsed fields = http::continue_request(stream, framing, {.is_part = is_part});
  return {.fields = fields, .examined = scanned + bytes_parsed(stream, fields)};
}

StreamReport inspect_fields(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  auto& in = std::get<InHttpFields>(state.at);
  const Step step = continue_fields(stream, in.framing, in.head);
  StreamReport report = wait_for_more(stream);
  if (step.fields) {
    const Parsed& fields = *step.fields;
    report = fields ? end_part(*fields, in.is_connect, state, findings)
                    : unreadable(error_of(fields.error()));
  }
  report.examined = step.examined;
  return report;
}

StreamReport inspect_trailer(Bytes stream, StreamState& state) noexcept {
  auto& in = std::get<InHttpTrailer>(state.at);
  const Step step = continue_fields(stream, {.in_line = in.in_line}, in.head);
  StreamReport report = wait_for_more(stream);
  if (step.fields && !*step.fields) {
    report = unreadable(error_of(step.fields->error()));
  } else if (step.fields) {
    // No server heeds what a trailer says of hosts and bodies.
    const http::Request& fields = **step.fields;
    report = message(fields.head_size);
    state.at = AtStart{};
    if (!fields.is_whole) state.at = InHttpTrailer{.in_line = fields.framing.in_line};
  }
  report.examined = step.examined;
  return report;
}

// Chunks that are so short together, and all there, are one part: each alone would cost as much as
// a kilobyte. No more than one entry of the framing log holds.
constexpr std::size_t kShortChunks = 23;

StreamReport inspect_chunk(Bytes stream, StreamState& state) noexcept {
  auto& line = std::get<AtHttpChunk>(state.at);
  const std::size_t seen = line.seen;
  const auto chunk = http::parse_chunk(stream, seen);
  line.seen = static_cast<std::uint16_t>(std::min(stream.size(), http::kMaxChunkLine));
  StreamReport report = wait_for_more(stream);
  report.examined = line.seen - seen;
  if (chunk) {
    const Bytes together = stream.first(std::min(stream.size(), kShortChunks));
    std::size_t end = chunk->line_size, data = chunk->data_size;
    std::size_t examined = chunk->line_size - seen + chunk->line_size;
    while (data > 0 && end < together.size() && data < together.size() - end) {
      const Bytes rest = together.subspan(end + data);
      const auto next = http::parse_chunk(rest);
      examined += next ? 2 * next->line_size : rest.size();
      if (!next) break;
      end += data + next->line_size;
      data = next->data_size;
    }
    report = message(end, data);
    report.examined = examined;
    state.at = AtHttpChunk{};
    if (data == 0) state.at = InHttpTrailer{};
  } else if (chunk.error() == http::ChunkError::malformed) {
    report = unreadable(ParseError::http_malformed);
    report.examined = 2 * (stream.size() - seen);
  }
  return report;
}

}  // namespace

StreamReport begin_http(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  auto& start = std::get<AtStart>(state.at);
  http::HeadScan& scan = start.head;
  scan.next = std::max(scan.next, start.scan.method.line);
  const std::size_t seen = scan.next;
  std::size_t examined = 0;
  http::HeadBytes known{.line = start.scan.method.line};
  http::HeadEvent event = http::find_head_end(stream, scan);
  if (event == http::HeadEvent::request_line) {
    examined += scan.next;
    if (!http::is_request_line(stream, known)) {
      return {.progress = Progress::unrecognised, .examined = examined + scan.next - seen};
    }
    event = http::find_head_end(stream, scan);
  }
  examined += scan.next - seen;
  StreamReport report = wait_for_more(stream);
  if (event != http::HeadEvent::need_more) {
    known.is_part = event == http::HeadEvent::part;
    if (known.is_part) stream = stream.first(scan.line);
    const Parsed request = http::parse_request(stream, known);
    examined += bytes_parsed(stream, request);
    if (request) {
      const bool is_connect = equal_ignoring_case(request->method, "CONNECT");
      report = end_part(*request, is_connect, state, findings);
    } else if (request.error() == http::RequestError::not_http) {
      report = {.progress = Progress::unrecognised};
    } else {
      report = unreadable(error_of(request.error()));
    }
  }
  report.examined = examined;
  return report;
}

StreamReport inspect_http(Bytes stream, StreamState& state, FindingList& findings) noexcept {
  StreamReport report = state.stage() == Stage::http_chunk ? inspect_chunk(stream, state)
                        : state.stage() == Stage::http_trailer
                            ? inspect_trailer(stream, state)
                            : inspect_fields(stream, state, findings);
  report.is_part = true;
  return report;
}

}  // namespace sluice::inspect
