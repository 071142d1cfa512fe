#pragma once

// SipHash-1-3 (Aumasson and Bernstein, 2012, with fewer rounds): a keyed hash for tables that
// traffic fills. Without the key nobody can aim many entries at one bucket.
// Pure; no allocation, no 128-bit arithmetic.

#include <bit>
#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

[[nodiscard]] std::uint64_t keyed_hash(HashKey key, Bytes input) noexcept;

// The same hash, fed word by word: whole words as they are in memory (little-endian), then
// finish().
class KeyedHash {
 public:
  explicit KeyedHash(HashKey key) noexcept
      : v0_(key.k0 ^ 0x736f6d6570736575U),
        v1_(key.k1 ^ 0x646f72616e646f6dU),
        v2_(key.k0 ^ 0x6c7967656e657261U),
        v3_(key.k1 ^ 0x7465646279746573U) {}

  void absorb(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }
  // `rest`: up to seven bytes after the last whole word; `bytes`: length of the whole input.
  [[nodiscard]] std::uint64_t finish(std::uint64_t rest, std::size_t bytes) noexcept {
    absorb(rest | static_cast<std::uint64_t>(bytes) << 56);
    v2_ ^= 0xff;
    round(), round(), round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_, v1_ = std::rotl(v1_, 13), v1_ ^= v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16), v3_ ^= v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21), v3_ ^= v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17), v1_ ^= v2_, v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace sluice
