#include "filters/http/request.h"

#include <algorithm>
#include <optional>

namespace sluice::http {
namespace {

constexpr std::size_t kMinMethod = 3;
constexpr std::size_t kMaxMethod = 20;

constexpr bool is_method_letter(char c) {
  return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// A line may end in more than one CR: nginx reads over them.
constexpr bool is_around_values(char c) {
  return is_blank(c) || c == '\r';
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_around_values(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_around_values(text.back())) text.remove_suffix(1);
  return text;
}

// Lines of a head, without their ends (LF, or CRLF).
class Lines {
 public:
  explicit Lines(std::string_view text) noexcept : text_(text) {}

  // nullopt: the next line has no end yet.
  std::optional<std::string_view> next() noexcept {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text_.substr(at_, end - at_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at_ = end + 1;
    return line;
  }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// What servers may see of a head.
std::string_view head_of(Bytes stream) noexcept {
  return as_text(stream.first(std::min(stream.size(), kMaxHead)));
}

// Any CR and LF in front of a request line: RFC 9112 section 2.2 asks to skip one empty line, nginx
// skips all.
std::size_t empty_lines(std::string_view text) noexcept {
  return std::min(text.find_first_not_of("\r\n"), text.size());
}

// HTTP/1.x; nginx reads up to three digits behind the dot.
bool is_version(std::string_view text) noexcept {
  constexpr std::string_view kStart = "HTTP/1.";
  return text.size() > kStart.size() &&
         equal_ignoring_case(text.substr(0, kStart.size()), kStart) &&
         text.find_first_not_of("0123456789", kStart.size()) == std::string_view::npos;
}

// RFC 9112 section 3: method SP target SP HTTP/1.x, with lenient blanks.
bool read_request_line(std::string_view line, Request& request) noexcept {
  const std::size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos) return false;
  request.method = line.substr(0, method_end);
  const std::string_view rest = trim(line.substr(method_end));
  const std::size_t version_at = rest.find_last_of(" \t");
  if (version_at == std::string_view::npos) {
    request.target = rest;  // some write no version, and some servers read on
    return rest.starts_with('/') || rest.contains("://");
  }
  const std::string_view version = rest.substr(version_at + 1);
  request.target = trim(rest.substr(0, version_at));
  return is_version(version) && !request.target.empty();
}

// The authority of CONNECT's target and of an absolute one (RFC 9112 section 3.2).
std::optional<std::string_view> authority_of(const Request& request) noexcept {
  if (request.method == "CONNECT") return request.target;
  const std::size_t scheme_end = request.target.find("://");
  if (scheme_end == std::string_view::npos || request.target.front() == '/' ||
      request.target.find_first_of("?#") < scheme_end) {
    return std::nullopt;
  }
  std::string_view authority = request.target.substr(scheme_end + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t user_end = authority.rfind('@');
  return trim(user_end == std::string_view::npos ? authority : authority.substr(user_end + 1));
}

bool add_host(Request& request, std::string_view host) noexcept {
  for (std::size_t i = 0; i < request.host_count; ++i) {
    if (equal_ignoring_case(request.hosts[i], host)) return true;
  }
  if (request.host_count == kMaxHosts) return false;
  request.hosts[request.host_count++] = host;
  return true;
}

// The value of a Host field, if the line is one: blanks before the colon are read over, as some
// servers do (RFC 9112 section 5.1 tells them to refuse).
std::optional<std::string_view> host_value(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  if (!equal_ignoring_case(trim(line.substr(0, colon)), "host")) return std::nullopt;
  return trim(line.substr(colon + 1));
}

// Reads the fields up to the empty line.
Result<void, RequestError> read_fields(Lines& lines, Request& request) noexcept {
  std::optional<std::string_view> host;  // of the line before, which may go on in this one
  const auto keep_host = [&] {
    const bool kept = !host || add_host(request, *host);
    host.reset();
    return kept;
  };
  while (true) {
    const auto line = lines.next();
    if (!line) {
      if (host && host->empty()) host.reset();  // its value may stand in the line to come
      return fail(keep_host() ? RequestError::need_more : RequestError::too_many_hosts);
    }
    const bool folded = !line->empty() && is_blank(line->front());
    if (folded && host) {
      if (host->empty()) host = trim(*line);
      continue;
    }
    if (!keep_host()) return fail(RequestError::too_many_hosts);
    if (line->empty()) return {};
    if (!folded) host = host_value(*line);
  }
}

}  // namespace

std::string_view to_string(RequestError error) noexcept {
  switch (error) {
    case RequestError::need_more:
      return "need_more";
    case RequestError::not_http:
      return "not_http";
    case RequestError::malformed:
      return "malformed";
    case RequestError::too_large:
      return "too_large";
    case RequestError::too_many_hosts:
      return "too_many_hosts";
  }
  return "?";
}

Result<Request, RequestError> parse_request(Bytes stream) noexcept {
  if (!may_be_request(stream)) return fail(RequestError::not_http);
  const std::string_view text = head_of(stream);
  const std::size_t start = empty_lines(text);
  Lines lines(text.substr(start));
  const auto line = lines.next();
  if (!line) {
    return fail(text.size() == kMaxHead ? RequestError::too_large : RequestError::need_more);
  }
  Request request;
  if (!read_request_line(*line, request)) return fail(RequestError::not_http);
  if (const auto read = read_fields(lines, request); !read) {
    if (read.error() != RequestError::need_more) return fail(read.error());
    if (text.size() < kMaxHead) return fail(RequestError::need_more);
    request.is_whole = false;
  }
  if (const auto authority = authority_of(request)) {
    if (!add_host(request, *authority)) return fail(RequestError::too_many_hosts);
  }
  if (!request.is_whole && request.host_count == 0) return fail(RequestError::too_large);
  request.head_size = request.is_whole ? start + lines.position() : text.size();
  return request;
}

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool may_be_request(Bytes stream) noexcept {
  std::string_view text = head_of(stream);
  text.remove_prefix(empty_lines(text));
  std::size_t letters = 0;
  while (letters < text.size() && is_method_letter(text[letters])) ++letters;
  if (letters > kMaxMethod) return false;
  if (letters == text.size()) return true;
  return letters >= kMinMethod && text[letters] == ' ';
}

}  // namespace sluice::http
