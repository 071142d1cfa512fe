#include "filters/http/chunk.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace sluice::http {
namespace {

constexpr std::size_t kMaxDigits = 15;  // below 2^60: sums never overflow

std::optional<unsigned> hex_digit(char c) noexcept {
  const char lower = to_lower_ascii(c);
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}

// The line end behind the chunk before; the first chunk has none.
std::size_t line_end_at(std::string_view text) noexcept {
  if (text.starts_with("\r\n")) return 2;
  return text.starts_with('\n') ? 1 : 0;
}

}  // namespace

Result<Chunk, ChunkError> parse_chunk(Bytes stream, std::size_t seen) noexcept {
  const std::string_view text = as_text(stream.first(std::min(stream.size(), kMaxChunkLine)));
  const std::size_t start = line_end_at(text);
  const std::size_t end = text.find('\n', std::max(start, seen));
  if (end == std::string_view::npos) {
    return fail(text.size() < kMaxChunkLine ? ChunkError::need_more : ChunkError::malformed);
  }
  Chunk chunk{.line_size = end + 1};
  std::size_t at = start;
  for (; at < end; ++at) {
    const auto digit = hex_digit(text[at]);
    if (!digit) break;
    if (at - start == kMaxDigits) return fail(ChunkError::malformed);
    chunk.data_size = chunk.data_size << 4 | *digit;
  }
  if (at == start) return fail(ChunkError::malformed);
  // Blanks, then an extension or the end of the line.
  std::string_view rest = text.substr(at, end - at);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.empty() && rest[0] != ';' && rest != "\r") return fail(ChunkError::malformed);
  return chunk;
}

}  // namespace sluice::http
