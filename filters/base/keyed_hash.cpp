#include "filters/base/keyed_hash.h"

#include <bit>
#include <cstring>

namespace sluice {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  explicit SipState(HashKey key) noexcept
      : v0(key.k0 ^ 0x736f6d6570736575U),
        v1(key.k1 ^ 0x646f72616e646f6dU),
        v2(key.k0 ^ 0x6c7967656e657261U),
        v3(key.k1 ^ 0x7465646279746573U) {}

  void round() noexcept {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

template <typename Word>
Word load(const std::byte* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

std::uint64_t keyed_hash(HashKey key, Bytes input) noexcept {
  SipState state(key);
  const std::byte* at = input.data();
  const std::byte* const end_of_words = at + (input.size() & ~std::size_t{7});
  for (; at != end_of_words; at += sizeof(std::uint64_t)) state.absorb(load<std::uint64_t>(at));
  std::uint64_t last = static_cast<std::uint64_t>(input.size()) << 56;
  unsigned shift = 0;
  if ((input.size() & 4U) != 0) {
    last |= load<std::uint32_t>(at);
    at += sizeof(std::uint32_t);
    shift = 32;
  }
  for (std::size_t left = input.size() & 3U; left > 0; --left, shift += 8) {
    last |= std::to_integer<std::uint64_t>(*at++) << shift;
  }
  state.absorb(last);
  state.v2 ^= 0xff;
  state.round(), state.round(), state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace sluice
