// Any bytes as a response policy zone: names are canonical, answers bounded, and an entry written
// out again is read as itself.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

using match::AnswerKind;

// The record that says what an entry without a record of its own says; of a subtree two.
std::string written(const test::ParsedEntry& entry) {
  std::string target;
  switch (entry.answer.kind) {
    case AnswerKind::of_policy:
      target = entry.is_exception() ? " CNAME rpz-passthru.\n" : " A 0.0.0.0\n";
      break;
    case AnswerKind::nxdomain:
      target = " CNAME .\n";
      break;
    case AnswerKind::nodata:
      target = " CNAME *.\n";
      break;
    case AnswerKind::drop:
      target = " CNAME rpz-drop.\n";
      break;
    default:
      target = " CNAME rpz-tcp-only.\n";
  }
  const std::string name = escaped(entry);
  std::string text;
  if (!entry.is_below()) text += name + target;
  if (!entry.is_exact()) text += "*." + name + target;
  return text;
}

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::rpz, text);
  require_lines(parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(!entry.is_glob() && !entry.is_exempt());
    require(entry.rdata.size() <= 512);
    // With the star in front it may be longer than a name, and with escapes longer than ldns reads.
    if (entry.answer.kind == AnswerKind::record || escaped(entry).size() > 250) continue;
    const test::Parsed again = test::parse(lists::Format::rpz, written(entry));
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
