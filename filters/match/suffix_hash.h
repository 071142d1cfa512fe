#pragma once

// The keyed hash of a name's suffixes: one pass over its labels from the right gives all of them.
// 64-bit multiplications only. Pure.

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"

namespace sluice::match {

class SuffixHash {
 public:
  explicit constexpr SuffixHash(HashKey seed) noexcept : state_(seed.k0), key_(seed.k1) {}

  // Extends the suffix by the label to its left; `label` with its length octet in front.
  void add(Bytes label) noexcept {
    for (std::size_t at = 0; at < label.size(); at += sizeof(std::uint64_t)) {
      const std::size_t count = std::min(label.size() - at, sizeof(std::uint64_t));
      std::uint64_t word = 0;
      std::memcpy(&word, label.data() + at, count);
      state_ = mix((state_ ^ word) + key_);
    }
  }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return mix(state_ ^ key_); }

 private:
  static constexpr std::uint64_t mix(std::uint64_t x) noexcept {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93U;
    x ^= x >> 29;
    x *= 0x9e3779b97f4a7c15U;
    return x ^ x >> 32;
  }

  std::uint64_t state_;
  std::uint64_t key_;
};

}  // namespace sluice::match
