// Any bytes as a configuration of dnsmasq: names are canonical, and none is exact.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::dnsmasq, text);
  require_lines(parsed, text);
  require_joins(lists::Format::dnsmasq, parsed, text);
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(!entry.is_exact() && !entry.is_exempt());
    require(!entry.is_below() || !entry.is_glob());
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
