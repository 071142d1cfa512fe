// Any bytes as a list of endpoints: each entry is exact, and either a range or the pseudo-name of a
// signature. Written out again it is read as itself.

#include <cstddef>
#include <cstdint>

#include "filters/match/pseudo_name.h"
#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::endpoints, text);
  require_lines(parsed, text);
  require_joins(lists::Format::endpoints, parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(entry.is_exact());
    std::string written = entry.is_exception() ? "@@" : "";
    if (entry.kind == lists::Kind::addresses) {
      written += entry.range.to_string();
    } else {
      const auto signature = match::signature_of(entry.name.wire());
      require(signature.has_value() && match::signature_name(*signature) == entry.name);
      written += match::kSignatureMark;
      written += *signature;
    }
    const test::Parsed again = test::parse(lists::Format::endpoints, written);
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
