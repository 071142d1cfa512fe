#include "lists/format/asked_name.h"

#include <algorithm>
#include <charconv>

#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, port);
  return text.empty() || (number.ec == std::errc{} && number.ptr == end);
}

// Removes what a URL has around its host.
void take_host_of_url(std::string_view& text) {
  const std::size_t mark = text.find("://");
  const bool has_scheme = mark != text.npos && mark < text.find_first_of("/?#");
  if (has_scheme) text.remove_prefix(mark + 3);
  if (!has_scheme) static_cast<void>(take_prefix(text, "//"));
  // Browsers read a backslash behind a scheme as a slash. Elsewhere it is an escape of DNS.
  text = text.substr(0, text.find_first_of(has_scheme ? "/?#\\" : "/?#"));
  const std::size_t user = text.rfind('@');
  // Lists mark exceptions with `@@`.
  if (user != text.npos && !text.starts_with('@')) text.remove_prefix(user + 1);
}

// Removes the port; `[2001:db8::1]` loses its brackets. False: what follows the host is no port.
bool take_host_of_endpoint(std::string_view& text) {
  if (take_prefix(text, "[")) {
    const std::size_t bracket = text.find(']');
    if (bracket == text.npos) return false;
    const std::string_view rest = text.substr(bracket + 1);
    text = text.substr(0, bracket);
    return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos || IpAddress::parse(text)) return true;
  if (!is_port(text.substr(colon + 1))) return false;
  text = text.substr(0, colon);
  return true;
}

Result<AskedName, std::string> read_name(std::string_view text) {
  if (text.contains('*')) return fail(std::string("a star: ask about a name that it stands for"));
  if (text == ".") return AskedName{};
  NameReader reader;
  const auto read = reader.read(text, Globs::refused);
  if (!read) return fail(read.error());
  const auto name = name::Name::from_wire(read->wire);
  if (!name) return fail(std::string(name::to_string(name.error())));
  return AskedName{.name = *name};
}

}  // namespace

Result<AskedName, std::string> read_asked_name(std::string_view text) {
  text = trim(text);
  if (const auto range = IpPrefix::parse(text); range && text.contains('/')) {
    return fail(std::string("a range: ask about an address in it"));
  }
  std::string_view host = text;
  take_host_of_url(host);
  if (!take_host_of_endpoint(host)) return fail(std::string("no port behind the name"));
  if (host.empty()) return fail(std::string("no name"));
  const bool more_was_written = host.size() != text.size();
  if (const auto address = IpAddress::parse(host)) {
    return AskedName{.address = address, .more_was_written = more_was_written};
  }
  auto asked = read_name(host);
  if (asked) asked->more_was_written = more_was_written;
  return asked;
}

}  // namespace sluice::lists
