#include "filters/http/request.h"

#include <algorithm>
#include <utility>

namespace sluice::http {
namespace {

// tchar of RFC 9110 section 5.6.2.
constexpr bool is_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}
// What Python splits a request line at. Other servers take blanks, or a blank, only.
constexpr bool separates_words(char c) {
  const auto value = static_cast<unsigned char>(c);
  return (value >= '\t' && value <= '\r') || (value >= 0x1c && value <= ' ') || value == 0x85 ||
         value == 0xa0;
}

// A method may have any of these in Python.
constexpr bool is_visible(char c) {
  return c > ' ' && c <= '~';
}
// Neither control nor DEL, but for what separates words.
constexpr bool is_text(char c) {
  return separates_words(c) || (static_cast<unsigned char>(c) > ' ' && c != 0x7f);
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim_words(std::string_view text) noexcept {
  while (!text.empty() && separates_words(text.front())) text.remove_prefix(1);
  while (!text.empty() && separates_words(text.back())) text.remove_suffix(1);
  return text;
}

// Offset of the first or last separator; the size of the text, or 0: there is none.
std::size_t first_separator(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::find_if(text, separates_words) - text.begin());
}
std::size_t behind_last_separator(std::string_view text) noexcept {
  while (!text.empty() && !separates_words(text.back())) text.remove_suffix(1);
  return text.size();
}

// A line may end in several CRs: nginx ignores them.
constexpr bool is_around_values(char c) {
  return is_blank(c) || c == '\r';
}

// Lines of a head, without their ends (LF, or CRLF).
class Lines {
 public:
  Lines(std::string_view text, std::size_t start) noexcept : text_(text), at_(start) {}

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
  // The start of the line that has no end yet.
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_;
};

// What servers may see of a head.
std::string_view head_of(Bytes stream) noexcept {
  return as_text(stream.first(std::min(stream.size(), kMaxHead)));
}

// Any CR, LF and blank in front of a request line: RFC 9112 section 2.2 asks to skip one empty
// line, nginx skips all, Python blanks too.
std::size_t empty_lines(std::string_view text, std::size_t known) noexcept {
  std::size_t at = std::min(known, text.size());
  while (at < text.size() && separates_words(text[at])) ++at;
  return at;
}

// Letters, a slash, digits and dots: Node takes RTSP/1.0 and HTTP/2.0, HAProxy HTTP/3.7, nginx
// three digits behind the dot.
bool is_version(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash >= text.size() - 1) return false;
  const auto is_letter = [](char c) {
    return to_lower_ascii(c) >= 'a' && to_lower_ascii(c) <= 'z';
  };
  return std::ranges::all_of(text.substr(0, slash), is_letter) && text[slash + 1] != '.' &&
         text.find_first_not_of("0123456789.", slash + 1) == std::string_view::npos;
}

// RFC 9112 section 3: method SP target SP version, with lenient blanks. Servers that know HTTP/0.9
// take a line without version; of any target if the method is GET, and Python reads its fields,
// too.
bool read_request_line(std::string_view line, Request& request) noexcept {
  const std::size_t method_end = first_separator(line);
  request.method = line.substr(0, method_end);
  const std::string_view rest = trim_words(line.substr(method_end));
  const std::size_t version_at = behind_last_separator(rest);
  if (version_at == 0 || !is_version(rest.substr(version_at))) {
    if (version_at > 0 || is_version(rest)) return false;
    request.target = rest;
    if (request.method == "GET") return !rest.empty();
    return (rest.starts_with('/') || rest == "*" || rest.contains("://")) &&
           std::ranges::all_of(request.method, is_token);
  }
  request.target = trim_words(rest.substr(0, version_at));
  return !request.target.empty();
}

// What the target says of the host (RFC 9112 section 3.2).
std::optional<std::string_view> target_host(const Request& request) noexcept {
  if (equal_ignoring_case(request.method, "CONNECT")) return request.target;
  return authority_of(request.target);
}

bool add_host(Request& request, std::string_view host) noexcept {
  for (std::size_t i = 0; i < request.host_count; ++i) {
    if (equal_ignoring_case(request.hosts[i], host)) return true;
  }
  if (request.host_count == kMaxHosts) return false;
  request.hosts[request.host_count++] = host;
  return true;
}

// A request line without end within kMaxHead. Method and target tell a request from text that only
// starts like one.
RequestError without_end(std::string_view line) noexcept {
  constexpr std::size_t kMaxScheme = 64;
  const std::size_t method_end = first_separator(line);
  if (!std::ranges::all_of(line.substr(0, method_end), is_token)) return RequestError::not_http;
  const std::string_view target = trim_words(line.substr(method_end));
  const bool is_target = line.empty() || target.starts_with('/') || target.starts_with('*') ||
                         target.substr(0, kMaxScheme).contains("://") ||
                         equal_ignoring_case(line.substr(0, method_end), "CONNECT");
  return is_target ? RequestError::too_large : RequestError::not_http;
}

// Digits only, and few enough that sums of lengths never overflow.
std::optional<std::uint64_t> read_number(std::string_view text) noexcept {
  constexpr std::size_t kMostDigits = 18;
  if (text.empty() || text.size() > kMostDigits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// RFC 9110 section 8.6: a list of one and the same number means that number.
std::optional<std::uint64_t> read_length(std::string_view list) noexcept {
  std::optional<std::uint64_t> length;
  while (true) {
    const std::size_t comma = list.find(',');
    const auto number = read_number(trim(list.substr(0, comma)));
    if (!number || (length && *length != *number)) return std::nullopt;
    length = number;
    if (comma == std::string_view::npos) return length;
    list.remove_prefix(comma + 1);
  }
}

// The first line of a field; the next one may continue it.
struct Line {
  std::string_view text;
  std::string_view fold;  // the first folded line that is not blank
  bool is_folded = false;
};

struct Field {
  explicit Field(const Line& of_head) noexcept
      : line(of_head.text),
        colon(line.find(':')),
        name(trim(line.substr(0, colon))),
        fold(of_head.fold),
        is_folded(of_head.is_folded) {}

  std::string_view line;
  std::size_t colon;
  // Blanks before the colon are ignored, as some servers do (RFC 9112 section 5.1 tells them to
  // refuse).
  std::string_view name;
  std::string_view fold;
  bool is_folded;

  [[nodiscard]] std::string_view value() const noexcept {
    return colon == std::string_view::npos ? std::string_view{} : trim(line.substr(colon + 1));
  }
  [[nodiscard]] bool is(std::string_view name_text) const noexcept {
    return equal_ignoring_case(name, name_text);
  }
};

// Fields are many, and few of them say anything: most names are told by their first letter. A CR
// may stand before it.
bool may_be_of_interest(std::string_view line) noexcept {
  constexpr std::size_t kShortestName = 4;
  if (line.size() < kShortestName) return false;
  switch (to_lower_ascii(line.front())) {
    case 'h':
    case 'c':
    case 't':
    case 'u':
    case '\r':
      return true;
    default:
      return false;
  }
}

bool is_of_interest(const Field& field) noexcept {
  return field.is("host") || field.is("content-length") || field.is("transfer-encoding");
}

// Reads a field that says where the body ends. Servers disagree on odd spellings.
void read_framing(const Field& field, Framing& framing) noexcept {
  const std::string_view value = field.value();
  bool good = !field.is_folded && field.colon == field.name.size();
  if (field.is("content-length")) {
    const auto length = read_length(value);
    good = good && length && (!framing.has_length || framing.length == *length);
    framing.length = length.value_or(0);
    framing.has_length = true;
  } else {
    const std::string_view last = trim(value.substr(value.rfind(',') + 1));
    good = good && !framing.chunked && equal_ignoring_case(last, "chunked");
    framing.chunked = true;
  }
  framing.ambiguous = framing.ambiguous || !good || (framing.chunked && framing.has_length);
}

bool read_line(const Line& of_head, Request& request) noexcept {
  if (!may_be_of_interest(of_head.text)) return true;
  const Field field(of_head);
  if (field.is("host")) {
    return add_host(request, field.value().empty() ? field.fold : field.value());
  }
  if (is_of_interest(field)) read_framing(field, request.framing);
  if (field.is("upgrade") && equal_ignoring_case(field.value(), "mmtls")) {
    request.upgrades_to_mmtls = true;
  }
  return true;
}

// Python ends a field at a CR alone, too. Others refuse it or take it for a blank, so both count.
bool read_field(const Line& of_head, Request& request) noexcept {
  if (!read_line(of_head, request)) return false;
  std::string_view rest = trim(of_head.text);
  for (std::size_t cr = rest.find('\r'); cr != std::string_view::npos; cr = rest.find('\r')) {
    rest.remove_prefix(cr + 1);
    const Line part{.text = rest.substr(0, rest.find('\r'))};
    request.framing.ambiguous =
        request.framing.ambiguous || (is_of_interest(Field(part)) && !Field(part).is("host"));
    if (Field(part).is("host") && !read_line(part, request)) return false;
  }
  return true;
}

// Reads the fields up to the empty line; or the whole ones, in a part of a head or a text of
// kMaxHead bytes.
Result<void, RequestError> read_fields(std::string_view text, std::size_t start, bool is_part,
                                       Request& request) noexcept {
  Lines lines(text, start);
  std::optional<Line> field;    // the one before this line
  std::size_t settled = start;  // fields in front of it were read
  const auto settle = [&](std::size_t up_to) {
    const bool read = !field || read_field(*field, request);
    field.reset();
    settled = up_to;
    return read;
  };
  while (true) {
    const std::size_t at = lines.position();
    const auto line = lines.next();
    if (line && !line->empty() && is_blank(line->front())) {
      if (field && field->fold.empty()) field->fold = trim(*line);
      if (field) field->is_folded = true;
      continue;
    }
    const bool ends_field =
        line || is_part || (!lines.rest().empty() && !is_blank(lines.rest().front()));
    if (ends_field && !settle(at)) return fail(RequestError::too_many_hosts);
    if (!line) break;
    if (line->empty()) {
      request.head_size = lines.position();
      return {};
    }
    field = Line{.text = *line};
  }
  if (text.size() < kMaxHead && !is_part) return fail(RequestError::need_more);
  request.is_whole = false;
  request.head_size = settled;
  if (settled > 0) return {};
  // One line, or one folded field, fills kMaxHead.
  if (field || is_of_interest(Field({.text = lines.rest()}))) return fail(RequestError::too_large);
  request.framing.in_line = true;
  request.head_size = text.size();
  return {};
}

}  // namespace

std::string_view to_string(RequestError error) noexcept {
  switch (error) {
    case RequestError::need_more:
      return "need_more";
    case RequestError::not_http:
      return "not_http";
    case RequestError::too_large:
      return "too_large";
    case RequestError::too_many_hosts:
      return "too_many_hosts";
  }
  return "?";
}

Result<Request, RequestError> parse_request(Bytes stream, const HeadBytes& known) noexcept {
  const std::string_view text = head_of(stream);
  if (!may_be_request(as_bytes(text).subspan(std::min(known.line, text.size())))) {
    return fail(RequestError::not_http);
  }
  Lines lines(text, empty_lines(text, known.line));
  const auto line = lines.next();
  if (!line) {
    return fail(text.size() < kMaxHead ? RequestError::need_more : without_end(lines.rest()));
  }
  Request request;
  if (!read_request_line(*line, request)) return fail(RequestError::not_http);
  if (const auto read = read_fields(text, lines.position(), known.is_part, request); !read) {
    return fail(read.error());
  }
  if (const auto authority = target_host(request)) {
    if (!add_host(request, *authority)) return fail(RequestError::too_many_hosts);
  }
  return request;
}

Result<Request, RequestError> continue_request(Bytes stream, const Framing& before,
                                               const HeadBytes& known) noexcept {
  if (stream.empty()) return fail(RequestError::need_more);
  const std::string_view text = head_of(stream);
  Request request;
  request.framing = before;
  if (before.in_line) {
    const std::size_t end = text.find('\n');
    request.is_whole = false;
    request.framing.in_line = end == std::string_view::npos;
    request.head_size = std::min(end, text.size() - 1) + 1;
    return request;
  }
  if (const auto read = read_fields(text, 0, known.is_part, request); !read)
    return fail(read.error());
  return request;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_around_values(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_around_values(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> authority_of(std::string_view target) noexcept {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos || target.starts_with('/')) return std::nullopt;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (scheme.contains('?') || scheme.contains('#')) return std::nullopt;
  std::string_view authority = target.substr(scheme_end + 3);
  // Readers of URLs as browsers have them skip more slashes.
  authority.remove_prefix(std::min(authority.find_first_not_of("/\\"), authority.size()));
  for (const char end : {'/', '?', '#'}) authority = authority.substr(0, authority.find(end));
  return trim(authority);
}

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

// A token and a blank say request at once. Other starts that some server takes may begin a binary
// protocol, too, or one that goes on with TLS: they are requests if their first line is text.
Look looks_like_request(Bytes stream, MethodScan& scan) noexcept {
  const std::string_view text = head_of(stream);
  const auto end = static_cast<std::uint16_t>(text.size());
  Look look;
  for (; scan.next < end; ++scan.next) {
    const char c = text[scan.next];
    ++look.examined;
    if (scan.in_text) {
      if (!is_text(c)) return look;
      if (c == '\n') look.is = Detection::yes;
      if (c == '\n') return look;
    } else if (scan.next == scan.line && separates_words(c)) {
      ++scan.line;
    } else if (c == ' ' && !scan.is_odd) {
      look.is = Detection::yes;
      return look;
    } else if (is_visible(c)) {
      scan.is_odd = scan.is_odd || !is_token(c);
    } else if (separates_words(c) && c != '\n') {
      scan.in_text = true;
    } else {
      return look;
    }
  }
  // Only empty lines are refused by the parser, as too large.
  const bool is_full = text.size() == kMaxHead;
  const bool is_empty = scan.line == scan.next;
  look.is = !is_full ? Detection::maybe : is_empty ? Detection::yes : Detection::no;
  look.needed = stream.size() + 1;
  return look;
}

HeadEvent find_head_end(Bytes stream, HeadScan& scan) noexcept {
  const std::string_view text = head_of(stream);
  while (true) {
    const bool begins_line = scan.in_fields && scan.next == scan.line && scan.next < text.size();
    if (begins_line && scan.line >= kMinPart && !is_around_values(text[scan.line]) &&
        text[scan.line] != '\n') {
      return HeadEvent::part;
    }
    const std::size_t end = text.find('\n', scan.next);
    if (end == std::string_view::npos) {
      scan.next = static_cast<std::uint16_t>(text.size());
      return text.size() == kMaxHead ? HeadEvent::full : HeadEvent::need_more;
    }
    scan.next = static_cast<std::uint16_t>(end + 1);
    scan.line = scan.next;
    if (!std::exchange(scan.in_fields, true)) return HeadEvent::request_line;
    const std::size_t line_end = end > 0 && text[end - 1] == '\r' ? end - 1 : end;
    if (line_end == 0 || text[line_end - 1] == '\n') return HeadEvent::end;
  }
}

bool is_request_line(Bytes stream, const HeadBytes& known) noexcept {
  const std::string_view text = head_of(stream);
  Lines lines(text, empty_lines(text, known.line));
  const auto line = lines.next();
  Request request;
  return line && read_request_line(*line, request);
}

}  // namespace sluice::http
