#pragma once

// One chunk of a chunked body (RFC 9112 section 7.1):
//
//   | CRLF of the chunk before | size in hex [ ;extension ] CRLF | data … |
//   `------------------- line_size ---------------------------' `- data_size, not looked at
//
// Pure: no allocation, no exceptions. Bound: a line of kMaxChunkLine bytes. Strict: what servers
// may read as another size (blanks in front, signs, `0x`) is malformed.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::http {

enum class ChunkError : std::uint8_t {
  need_more,
  malformed,  // no size of a chunk, or a line over its bound
};

struct Chunk {
  std::size_t line_size = 0;
  std::uint64_t data_size = 0;  // 0: the last one, the trailer follows
};

inline constexpr std::size_t kMaxChunkLine = 1024;

[[nodiscard]] Result<Chunk, ChunkError> parse_chunk(Bytes stream) noexcept;

}  // namespace sluice::http
