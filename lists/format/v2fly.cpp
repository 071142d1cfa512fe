#include <algorithm>

#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

// Why the words behind the name are wrong; empty: they are attributes (`@ads`, `@!cn`) or name
// other lists that have the entry too (`&others`). Both choose entries, and here all are taken.
std::string refusal_of_marks(std::string_view words) {
  while (!words.empty()) {
    const std::string_view word = take_word(words);
    if (word.size() < 2 || (word[0] != '@' && word[0] != '&')) {
      return "behind a name only attributes (@ads) and lists (&others) are read";
    }
  }
  return {};
}

}  // namespace

void parse_v2fly(TextPart text, const Sink& sink) {
  NameReader names;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    const auto refuse = [&](std::string reason) {
      sink.error(line_error(number, line, std::move(reason)));
    };
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    const std::string_view written = word;
    if (auto reason = refusal_of_marks(rest); !reason.empty()) return refuse(std::move(reason));
    Entry entry{.line = number};
    const std::size_t colon = word.find(':');
    if (colon != word.npos) {
      const std::string_view kind = word.substr(0, colon);
      word.remove_prefix(colon + 1);
      if (kind == "keyword") return refuse("a part of names; it would cover other people's names");
      if (kind == "regexp") return refuse("a regular expression; name the names");
      if (kind == "include") return refuse("another file: give that as a list of its own");
      if (kind != "domain" && kind != "full") return refuse("only domain: and full: are read");
      if (kind == "full") entry.scope = Scope::itself;
    }
    auto name = names.read(word, Globs::refused);
    if (!name) return refuse(std::move(name.error()));
    emit_name(sink, *name, entry, written);
  });
}

}  // namespace sluice::lists
