// Any stream: a chunk's line lies in it and within its bound, and says a size that it can be
// written from; a prefix needs more or says what the whole says.

#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>

#include "filters/http/chunk.h"
#include "tests/fuzz/require.h"

namespace sluice::http {
namespace {

using fuzz::require;

void check(Bytes stream) {
  const auto whole = parse_chunk(stream);
  if (whole) {
    require(whole->line_size > 0 && whole->line_size <= stream.size());
    require(whole->line_size <= kMaxChunkLine && whole->data_size < std::uint64_t{1} << 60);
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), whole->data_size, 16).ptr;
    const std::string line = std::string(digits.begin(), end) + "\r\n";
    const auto again = parse_chunk(as_bytes(line));
    require(again && again->data_size == whole->data_size && again->line_size == line.size());
  }
  bool decided = false;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const auto read = parse_chunk(stream.first(size));
    // What was searched before need not be searched again.
    if (!decided && size > 0) {
      const auto on = parse_chunk(stream.first(size), size - 1);
      require(on.has_value() == read.has_value());
      require(!on || (on->line_size == read->line_size && on->data_size == read->data_size));
    }
    if (!read && read.error() == ChunkError::need_more) {
      require(!decided && size < kMaxChunkLine);
      continue;
    }
    decided = true;
    require(read.has_value() == whole.has_value());
    require(!read || (read->line_size == whole->line_size && read->data_size == whole->data_size));
  }
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::http::check(std::as_bytes(std::span(data, size)));
  return 0;
}
