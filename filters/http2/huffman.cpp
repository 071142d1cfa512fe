#include "filters/http2/huffman.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>

namespace sluice::http2 {
namespace {

// Hands out pieces of a room from its start. Nothing is given back; each decode starts anew.
class Arena {
 public:
  explicit Arena(MutableBytes room) noexcept : room_(room) {}

  void* take(std::size_t size) noexcept {
    constexpr std::size_t kAlignment = alignof(std::max_align_t);
    const std::size_t padded = (size + kAlignment - 1) / kAlignment * kAlignment;
    if (padded < size || padded > room_.size()) return nullptr;
    void* const piece = room_.data();
    room_ = room_.subspan(padded);
    return piece;
  }

 private:
  MutableBytes room_;
};

void* take_from(std::size_t size, void* arena) {
  return static_cast<Arena*>(arena)->take(size);
}

void* take_zeros_from(std::size_t count, std::size_t size, void* arena) {
  void* const piece =
      size != 0 && count > SIZE_MAX / size ? nullptr : take_from(count * size, arena);
  if (piece != nullptr) std::fill_n(static_cast<std::byte*>(piece), count * size, std::byte{0});
  return piece;
}

void give_back(void*, void*) {}

// Only tables grow, and nothing is put into any.
void* grow(void*, std::size_t, void*) {
  return nullptr;
}

// `| 0001 0001 |`: a literal that is never indexed, under the name 1 of the static table; then
// `| 1 | length 7+ |` of its value (RFC 7541 sections 6.2.3, 5.1, 5.2).
Bytes value_head(std::size_t length, MutableBytes room) noexcept {
  constexpr std::uint8_t kNeverIndexed = 0x11;
  constexpr std::uint8_t kCoded = 0x80;
  constexpr std::size_t kPrefix = 0x7f;
  std::size_t size = 0;
  const auto put = [&](std::size_t byte) { room[size++] = static_cast<std::byte>(byte); };
  put(kNeverIndexed);
  put(kCoded | std::min(length, kPrefix));
  if (length < kPrefix) return room.first(size);
  std::size_t rest = length - kPrefix;
  for (; rest > kPrefix; rest >>= 7) put((rest & kPrefix) | 0x80U);
  put(rest);
  return room.first(size);
}

// True: all of `part` was read.
bool feed(nghttp2_hd_inflater* inflater, Bytes part, bool is_last, nghttp2_nv& field, int& flags) {
  const auto read = nghttp2_hd_inflate_hd2(inflater, &field, &flags,
                                           reinterpret_cast<const std::uint8_t*>(part.data()),
                                           part.size(), is_last ? 1 : 0);
  return read >= 0 && static_cast<std::size_t>(read) == part.size();
}

}  // namespace

std::optional<std::string_view> HuffmanRoom::decode(Bytes coded) noexcept {
  if (coded.empty()) return std::string_view{};
  if (coded.size() > kMaxCoded) return std::nullopt;
  Arena arena(bytes_);
  nghttp2_mem memory{&arena, take_from, give_back, take_zeros_from, grow};
  nghttp2_hd_inflater* inflater = nullptr;  // never deleted: all of it lies in the room
  if (nghttp2_hd_inflate_new2(&inflater, &memory) != 0) return std::nullopt;
  std::array<std::byte, 8> head;
  nghttp2_nv field{};
  int flags = 0;
  if (!feed(inflater, value_head(coded.size(), head), false, field, flags) ||
      !feed(inflater, coded, true, field, flags) || (flags & NGHTTP2_HD_INFLATE_EMIT) == 0) {
    return std::nullopt;
  }
  return std::string_view(reinterpret_cast<const char*>(field.value), field.valuelen);
}

}  // namespace sluice::http2
