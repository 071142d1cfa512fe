// Any bytes as a list of unknown format: the answer does not depend on line ends, and a reason is
// printable.

#include <cstddef>
#include <cstdint>

#include "lists/format/detect.h"
#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const auto format = lists::detect_format(text);
  require(format || (!format.error().empty() && is_printable(format.error())));
  std::string windows;
  for (const char c : text) windows += c == '\n' ? "\r\n" : std::string(1, c);
  const auto again = lists::detect_format(windows);
  require(windows.size() > 100'000 || format == again);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
