// Any stream: `no` and `yes` are final, and `yes` takes no more bytes than it says.

#include <algorithm>
#include <cstdint>
#include <span>

#include "filters/mmtls/hello.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const auto stream = std::as_bytes(std::span(data, size));
  Detection before = Detection::maybe;
  for (std::size_t length = 0; length <= stream.size(); ++length) {
    const Detection now = mmtls::looks_like_hello(stream.first(length));
    fuzz::require(before == Detection::maybe || now == before);
    fuzz::require(now != Detection::yes || length >= mmtls::kHelloHeadBytes);
    fuzz::require(now != Detection::maybe || length < mmtls::kHelloHeadBytes);
    before = now;
  }
  return 0;
}
