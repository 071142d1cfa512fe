// Any bytes as a list of v2fly: names are canonical, no entry is an exception, none has an answer.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::v2fly, text);
  require_lines(parsed, text);
  require_joins(lists::Format::v2fly, parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(!entry.is_exception() && !entry.is_glob() && !entry.is_below());
    require(entry.answer.kind == match::AnswerKind::of_policy);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
