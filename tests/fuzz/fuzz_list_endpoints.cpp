// Any bytes as a list of endpoints: each entry is exact and a pseudo-name that reads as a
// signature or a prefix of its own, and written out again it is read as itself.

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
    const bool exception = entry.kind == match::EntryKind::exact_exception;
    require(exception || entry.kind == match::EntryKind::exact);
    const auto pseudo = match::read_pseudo_name(entry.name.wire());
    require(pseudo.has_value());
    if (const auto prefix = match::prefix_of(entry.name.wire())) {
      require(match::address_name(*prefix) == entry.name);  // canonical
    } else {
      require(match::signature_name(pseudo->text) == entry.name);
    }
    const std::string written =
        (exception ? "@@" : "") + std::string(pseudo->mark) + std::string(pseudo->text);
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
