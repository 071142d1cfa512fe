#pragma once

// Fills the buckets of an image. Private to match/.
//
// If the home bucket of a suffix is full, the suffix waits for a slot in one of the next buckets.
// The home, and each bucket that it passes, then has the overflow bit of its class set. Buckets
// ascend with the hash, so one pass in the order of the hashes fills them all.

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "filters/match/domain_image.h"

namespace sluice::match {

class BucketTable {
 public:
  // REQUIRES: at least one home.
  BucketTable(std::uint32_t home_buckets, std::pmr::memory_resource* memory);

  // REQUIRES: hashes that ascend. False: a suffix would be too far from its home for a probe.
  [[nodiscard]] bool add(std::uint64_t hash, std::uint32_t suffix);
  // Places the suffixes that still wait. False: as above.
  [[nodiscard]] bool finish();

  [[nodiscard]] std::uint32_t home_buckets() const noexcept { return home_buckets_; }
  // The home buckets, then those for overflow only.
  [[nodiscard]] std::span<const SluiceBucket> buckets() const noexcept { return buckets_; }

 private:
  struct Waiting {
    std::uint64_t hash;
    std::uint32_t suffix, home;
  };

  [[nodiscard]] bool advance_to(std::uint32_t bucket);
  void put_first_waiting();
  void put(std::uint64_t hash, std::uint32_t suffix);

  std::uint32_t home_buckets_;
  std::pmr::vector<SluiceBucket> buckets_;
  std::uint32_t bucket_ = 0;  // the one being filled
  std::uint32_t used_ = 0;    // its slots in use
  std::vector<Waiting> waiting_;
  std::size_t waits_ = 0;  // the first that still does
};

}  // namespace sluice::match
