// Any bytes as a list of ad-block rules: names are canonical, and an exemption follows a block of
// its line.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::adblock, text);
  require_lines(parsed, text);
  require_joins(lists::Format::adblock, parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(entry.answer.kind == match::AnswerKind::of_policy || !entry.is_exception());
    if (!entry.is_exempt()) continue;
    require(&entry != &parsed.entries.front() && (&entry)[-1].line == entry.line);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
