// Any bytes as the head of a version: what parses is written again as the same bytes.

#include <cstddef>
#include <cstdint>
#include <span>

#include "filters/base/bytes.h"
#include "lists/versions/version_file.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = sluice::as_text(std::as_bytes(std::span(data, size)));
  const auto parsed = sluice::lists::parse_head(text);
  if (parsed) {
    sluice::fuzz::require(parsed->size <= size);
    sluice::fuzz::require(sluice::lists::write_head(parsed->head) == text.substr(0, parsed->size));
  }
  return 0;
}
