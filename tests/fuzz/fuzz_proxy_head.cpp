// Any stream: the host lies in the head, the head in the stream and its bound; a prefix needs more
// or says what the whole says.

#include <cstdint>
#include <span>

#include "filters/proxy/head.h"
#include "tests/fuzz/require.h"

namespace sluice::proxy {
namespace {

using fuzz::lies_in;
using fuzz::require;

void check(Bytes stream) {
  const auto whole = parse_head(stream);
  if (whole) {
    require(whole->size > 0 && whole->size <= stream.size() && whole->size <= kMaxHead);
    require(lies_in(whole->host, stream.first(whole->size)));
  }
  bool decided = false;
  HeadScan scan;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const auto read = parse_head(stream.first(size));
    // A scan that goes on says what a new one says, and reads few bytes again.
    if (!decided) {
      const HeadRead on = read_head(stream.first(size), scan);
      require(on.head.has_value() == read.has_value());
      require(!read || (on.head->host == read->host && on.head->size == read->size));
      require(read || on.head.error() == read.error());
      if (!read && read.error() == HeadError::need_more) require(on.needed > size);
    }
    if (!read && read.error() == HeadError::need_more) {
      require(!decided && size < kMaxHead);
      continue;
    }
    decided = true;
    require(read.has_value() == whole.has_value());
    require(!read || (read->host == whole->host && read->size == whole->size));
  }
}

}  // namespace
}  // namespace sluice::proxy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::proxy::check(std::as_bytes(std::span(data, size)));
  return 0;
}
