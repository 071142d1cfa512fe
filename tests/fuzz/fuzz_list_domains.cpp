// Any bytes as a list of domains: each line with content is one entry or one error, and an entry
// written out again is read as itself.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

// Lines with more in them than blanks and a comment.
std::size_t lines_with_content(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::size_t count = 0;
  bool content = false;
  bool comment = false;
  bool blank = true;
  for (const char c : text) {
    if (c == '\n') content = comment = false;
    comment = comment || (c == '#' && blank);
    blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (comment || blank || content) continue;
    content = true;
    ++count;
  }
  return count;
}

std::string written(const test::ParsedEntry& entry) {
  // `*.` so that a leading star of a glob is not read as "and all below".
  return std::string(entry.is_exception() ? "@@" : "") + (entry.is_exact() ? "=" : "*.") +
         (entry.is_below() ? "*." : "") + escaped(entry);
}

void check(std::string_view text) {
  const test::Parsed parsed = test::parse_domains(text);
  require_lines(parsed, text);
  require(parsed.entries.size() + parsed.error_count == lines_with_content(text));
  require_joins(lists::Format::domains, parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    const test::Parsed again = test::parse_domains(written(entry));
    require(again.error_count == 0 && again.entries.size() == 1);
    require(same(entry, again.entries[0], entry.line - 1));
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
