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

// The end of the line before: none in front of the first chunk.
std::size_t line_end_at(std::string_view text) noexcept {
  if (text.starts_with("\r\n")) return 2;
  return text.starts_with('\n') ? 1 : 0;
}

}  // namespace

Result<Chunk, ChunkError> parse_chunk(Bytes stream) noexcept {
  const std::string_view text = as_text(stream.first(std::min(stream.size(), kMaxChunkLine)));
  const auto cut = [&] {
    return fail(text.size() < kMaxChunkLine ? ChunkError::need_more : ChunkError::malformed);
  };
  if (text.empty() || text == "\r") return cut();
  Chunk chunk;
  const std::size_t start = line_end_at(text);
  std::size_t at = start;
  for (; at < text.size(); ++at) {
    const auto digit = hex_digit(text[at]);
    if (!digit) break;
    if (at - start == kMaxDigits) return fail(ChunkError::malformed);
    chunk.data_size = chunk.data_size << 4 | *digit;
  }
  if (at == text.size()) return cut();
  if (at == start) return fail(ChunkError::malformed);
  const std::size_t behind = text.find_first_not_of(" \t", at);
  if (behind == std::string_view::npos) return cut();
  if (text[behind] != ';' && text[behind] != '\r' && text[behind] != '\n') {
    return fail(ChunkError::malformed);
  }
  const std::size_t end = text.find('\n', behind);
  const std::string_view rest = text.substr(behind, end - behind);
  if (rest.starts_with('\r') && rest.size() > 1) return fail(ChunkError::malformed);
  if (end == std::string_view::npos) return cut();
  chunk.line_size = end + 1;
  return chunk;
}

}  // namespace sluice::http
