// Any bytes as a hosts file: entries are exact, none is a name of the machine itself, and an entry
// written out again is read as itself.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse_hosts(text);
  require_lines(parsed, text);
  require_joins(lists::Format::hosts, parsed, text);
  const name::Name own = *name::Name::from_text("localhost");
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(entry.kind == lists::Kind::name && entry.is_exact() && !entry.is_exception());
    require(entry.name != own);
    const test::Parsed again = test::parse_hosts("0.0.0.0 " + escaped(entry));
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
