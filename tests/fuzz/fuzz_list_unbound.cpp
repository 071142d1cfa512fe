// Any bytes as a configuration of unbound: names are canonical, and answers are bounded.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const test::Parsed parsed = test::parse(lists::Format::unbound, text);
  require_lines(parsed, text);

  for (const test::ParsedEntry& entry : parsed.entries) {
    require(!entry.is_glob() && !entry.is_below());
    require(entry.rdata.size() <= 512);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
