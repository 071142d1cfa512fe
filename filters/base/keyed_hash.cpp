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

}  // namespace

std::uint64_t keyed_hash(HashKey key, Bytes input) noexcept {
  SipState state(key);
  const std::size_t whole = input.size() & ~std::size_t{7};
  for (std::size_t at = 0; at < whole; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, input.data() + at, sizeof word);
    state.absorb(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(input.size()) << 56;
  for (std::size_t at = whole; at < input.size(); ++at) {
    last |= std::to_integer<std::uint64_t>(input[at]) << (8 * (at - whole));
  }
  state.absorb(last);
  state.v2 ^= 0xff;
  state.round(), state.round(), state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace sluice
