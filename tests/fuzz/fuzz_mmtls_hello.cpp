// Any stream: `no` and `yes` are final, and `yes` takes no more octets than it says.

#include <algorithm>
#include <cstdint>
#include <span>

#include "filters/mmtls/hello.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const auto stream = std::as_bytes(std::span(data, size));
  Likeness before = Likeness::maybe;
  for (std::size_t length = 0; length <= stream.size(); ++length) {
    const Likeness now = mmtls::looks_like_hello(stream.first(length));
    fuzz::require(before == Likeness::maybe || now == before);
    fuzz::require(now != Likeness::yes || length >= mmtls::kHelloHeadOctets);
    fuzz::require(now != Likeness::maybe || length < mmtls::kHelloHeadOctets);
    before = now;
  }
  return 0;
}
