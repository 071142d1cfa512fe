#pragma once

// SipHash-1-3 (Aumasson and Bernstein, 2012, with fewer rounds): a keyed hash for tables that grow
// from traffic, so that nobody who does not know the key can aim at one bucket.
// Pure; no allocation. No 128-bit arithmetic.

#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice {

struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

[[nodiscard]] std::uint64_t keyed_hash(HashKey key, Bytes input) noexcept;

}  // namespace sluice
