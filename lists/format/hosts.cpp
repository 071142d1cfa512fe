#include <algorithm>

#include "filters/base/ip_address.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

constexpr std::string_view kOwnAddress = "0.0.0.0";  // "0.0.0.0 0.0.0.0" opens many lists

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
      } else if (!is_own_name(name->wire)) {
        emit_name(sink, *name, {.scope = Scope::itself, .line = number}, word);
      }
    }
  });
}

}  // namespace sluice::lists
