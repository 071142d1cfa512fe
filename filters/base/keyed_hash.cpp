#include "filters/base/keyed_hash.h"

#include <cstring>

namespace sluice {
namespace {

template <typename Word>
Word load(const std::byte* at) noexcept {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

std::uint64_t keyed_hash(HashKey key, Bytes input) noexcept {
  KeyedHash hash(key);
  const std::byte* at = input.data();
  const std::byte* const end_of_words = at + (input.size() & ~std::size_t{7});
  for (; at != end_of_words; at += sizeof(std::uint64_t)) hash.absorb(load<std::uint64_t>(at));
  std::uint64_t rest = 0;
  unsigned shift = 0;
  if ((input.size() & 4U) != 0) {
    rest = load<std::uint32_t>(at);
    at += sizeof(std::uint32_t);
    shift = 32;
  }
  for (std::size_t left = input.size() & 3U; left > 0; --left, shift += 8) {
    rest |= std::to_integer<std::uint64_t>(*at++) << shift;
  }
  return hash.finish(rest, input.size());
}

}  // namespace sluice
