#pragma once

// One chunk of a chunked body (RFC 9112 section 7.1):
//
//   | CRLF of the chunk before | size in hex [ ;extension ] CRLF | data … |
//   `------------------- line_size ---------------------------' `- data_size, not looked at
//
// A line is judged once its end is there. Pure: no allocation, no exceptions. Bound: a line of
// kMaxChunkLine bytes. Strict: a size that servers may read differently (blanks in front, signs,
// `0x`) is malformed.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::http {

enum class ChunkError : std::uint8_t {
  need_more,
  malformed,  // no chunk size, or a line over its bound
};

struct Chunk {
  std::size_t line_size = 0;
  std::uint64_t data_size = 0;  // 0: the last one, the trailer follows
};

inline constexpr std::size_t kMaxChunkLine = 1024;

// `seen`: bytes that a call before answered with need_more; they are not searched again.
[[nodiscard]] Result<Chunk, ChunkError> parse_chunk(Bytes stream, std::size_t seen = 0) noexcept;

}  // namespace sluice::http
