#include <algorithm>
#include <array>

#include "filters/base/ip_address.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

// Names of the machine itself in hosts files, in canonical form.
constexpr std::array<std::string_view, 11> kOwnNames = {
    "localhost",     "localhost.localdomain", "local",        "broadcasthost",
    "ip6-localhost", "ip6-loopback",          "ip6-localnet", "ip6-mcastprefix",
    "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts"};
constexpr std::string_view kOwnAddress = "0.0.0.0";  // "0.0.0.0 0.0.0.0" opens many lists

// Whether a name in wire form is `text`.
bool is_name(Bytes wire, std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (std::to_integer<std::size_t>(wire[0]) != label.size()) return false;
    if (as_text(wire.subspan(1, label.size())) != label) return false;
    wire = wire.subspan(1 + label.size());
    if (dot == std::string_view::npos) return wire[0] == std::byte{0};
    text.remove_prefix(dot + 1);
  }
}

bool is_own(Bytes wire) {
  return std::ranges::any_of(kOwnNames, [&](auto own) { return is_name(wire, own); });
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find_first_of(" \t");
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trim(text.substr(end));
  return word;
}

}  // namespace

void parse_hosts(TextPart text, const Sink& sink) {
  NameReader names;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    // hosts(5) starts a comment at any `#`. Nobody writes an ad-block rule there and means its
    // site.
    const std::size_t mark = std::min(line.find('#'), line.size());
    if (is_cosmetic(line.substr(mark))) {
      sink.error(line_error(number, line, "a rule that hides parts of web pages, not a name"));
      return;
    }
    std::string_view rest = trim(line.substr(0, mark));
    const std::string_view address = take_word(rest);
    if (!IpAddress::parse(address.substr(0, address.find('%')))) {
      sink.error(line_error(number, line, "a line of a hosts file starts with an IP address"));
      return;
    }
    if (rest.empty()) sink.error(line_error(number, line, "no name behind the address"));
    while (!rest.empty()) {
      const std::string_view word = take_word(rest);
      if (word == kOwnAddress) continue;
      auto name = names.read(word, Globs::refused);
      if (!name) {
        sink.error(line_error(number, word, std::move(name.error())));
      } else if (!is_own(name->wire)) {
        emit_name(sink, *name, {.scope = Scope::itself, .line = number}, word);
      }
    }
  });
}

}  // namespace sluice::lists
