#include <algorithm>
#include <array>

#include "filters/base/ip_address.h"
#include "lists/format/format.h"
#include "lists/format/line.h"

namespace sluice::lists {
namespace {

// Names that hosts files carry for the machine itself, in canonical form.
constexpr std::array<std::string_view, 11> kOwnNames = {
    "localhost",     "localhost.localdomain", "local",        "broadcasthost",
    "ip6-localhost", "ip6-loopback",          "ip6-localnet", "ip6-mcastprefix",
    "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts"};
constexpr std::string_view kOwnAddress = "0.0.0.0";  // "0.0.0.0 0.0.0.0" opens many lists

bool is_own(const name::Name& name) {
  std::array<char, name::kMaxTextOctets> text;
  return std::ranges::find(kOwnNames, name::to_text(name, text)) != kOwnNames.end();
}

std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find_first_of(" \t");
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trim(text.substr(end));
  return word;
}

}  // namespace

Parsed parse_hosts(std::string_view text) {
  Parsed parsed;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const std::string_view address = take_word(rest);
    if (!IpAddress::parse(address.substr(0, address.find('%')))) {
      add_error(parsed, number, line, "a line of a hosts file starts with an IP address");
      return;
    }
    if (rest.empty()) add_error(parsed, number, line, "an address without a name");
    while (!rest.empty()) {
      const std::string_view word = take_word(rest);
      if (word == kOwnAddress) continue;
      auto name = read_name(word);
      if (name) {
        if (!is_own(*name)) parsed.entries.push_back({*name, match::EntryKind::exact, number});
      } else {
        add_error(parsed, number, word, std::move(name.error()));
      }
    }
  });
  return parsed;
}

}  // namespace sluice::lists
