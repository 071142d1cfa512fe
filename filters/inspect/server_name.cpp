#include "filters/inspect/server_name.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "filters/http/request.h"

namespace sluice::inspect {
namespace {

// Bytes that no host name has.
constexpr bool is_between_parts(char c) {
  const auto value = static_cast<unsigned char>(c);
  return value <= ' ' || value == 0x7f || std::string_view("@,;/\\?#\"'<>").contains(c);
}

// Splits off the next part; empty: there is no other.
std::string_view take_part(std::string_view& value) {
  const auto* const from = std::ranges::find_if_not(value, is_between_parts);
  const auto* const to = std::find_if(from, value.end(), is_between_parts);
  value = std::string_view(to, value.end());
  return {from, to};
}

// Blanks, and the two that are blanks in Latin-1: Node and Python read it so.
std::string_view trim_host(std::string_view host) {
  const auto is_around = [](char c) {
    return http::trim({&c, 1}).empty() || c == '\x85' || c == '\xa0';
  };
  while (!host.empty() && is_around(host.front())) host.remove_prefix(1);
  while (!host.empty() && is_around(host.back())) host.remove_suffix(1);
  return host;
}

std::optional<unsigned> hex_digit(char c) {
  const char lower = to_lower_ascii(c);
  if (lower >= '0' && lower <= '9') return static_cast<unsigned>(lower - '0');
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

// What readers of URLs make of a host (RFC 3986 section 3.2.2). As much from its end as a name
// holds.
std::string_view decode_percent(std::string_view host, std::span<char, name::kMaxNameBytes> room) {
  std::size_t from = room.size();
  while (!host.empty() && from > 0) {
    char c = host.back();
    std::size_t size = 1;
    if (host.size() >= 3 && host[host.size() - 3] == '%') {
      const auto high = hex_digit(host[host.size() - 2]);
      const auto low = hex_digit(host.back());
      if (high && low) {
        c = static_cast<char>(*high << 4 | *low);
        size = 3;
      }
    }
    room[--from] = c;
    host.remove_suffix(size);
  }
  return {room.data() + from, room.size() - from};
}

// Where a name was found.
struct Origin {
  Protocol protocol;
  Source source;
  bool has_ech = false;
};

// What servers take of one part as the name. `room`: for what is decoded.
std::string_view host_of(std::string_view part, std::span<char, name::kMaxNameBytes> room) {
  const std::string_view host = trim_host(http::without_port(trim_host(part)));
  return host.contains('%') ? decode_percent(host, room) : host;
}

void add_part(const Origin& origin, std::string_view part, FindingList& findings) noexcept {
  if (Finding* finding = findings.add()) {
    std::array<char, name::kMaxNameBytes> room;
    finding->protocol = origin.protocol;
    finding->source = origin.source;
    finding->raw = part;
    finding->name.assign_host(host_of(part, room));
    finding->has_ech = origin.has_ech;
  }
}

bool add_parts(const Origin& origin, std::string_view as_sent, FindingList& findings) noexcept {
  std::string_view rest = as_sent;
  std::string_view part = take_part(rest);
  add_part(origin, part, findings);  // even an empty one: the client says that it names no host
  for (std::size_t parts = 1; !(part = take_part(rest)).empty(); ++parts) {
    if (parts == kMaxHostParts) return false;
    add_part(origin, part, findings);
  }
  return true;
}

}  // namespace

name::Name canonical_host(std::string_view part) noexcept {
  std::array<char, name::kMaxNameBytes> room;
  return name::Name::from_host(host_of(part, room));
}

bool add_host(std::string_view as_sent, FindingList& findings) noexcept {
  return add_parts({.protocol = Protocol::http, .source = Source::host}, as_sent, findings);
}

void add_server_name(const tls::ClientHello& hello, Protocol protocol,
                     FindingList& findings) noexcept {
  if (!hello.has_server_name) return;
  const Origin origin{
      .protocol = protocol, .source = Source::server_name, .has_ech = hello.has_ech};
  static_cast<void>(add_parts(origin, hello.server_name, findings));
}

void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept {
  const auto canonical = name::Name::from_text(name);
  if (!canonical) return;
  if (Finding* finding = findings.add()) {
    finding->protocol = protocol;
    finding->source = Source::signature;
    finding->name = *canonical;
  }
}

}  // namespace sluice::inspect
