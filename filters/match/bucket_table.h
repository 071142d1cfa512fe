#pragma once

// The buckets of an image while they are filled. Private to match/.
//
// A suffix that finds its home full waits for a slot in one of the next buckets; the home, and each
// bucket that it passes, then has the bit of its class. Buckets ascend with the hash, so one pass
// in the order of the hashes fills them all.

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

  // REQUIRES: hashes that ascend. False: a suffix is further from its home than a probe looks.
  [[nodiscard]] bool add(std::uint64_t hash, std::uint32_t suffix);
  // Places what still waits. False as above.
  [[nodiscard]] bool finish();

  [[nodiscard]] std::uint32_t home_buckets() const noexcept { return home_buckets_; }
  // More than the homes by those that only take what overflows.
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
  std::uint32_t bucket_ = 0;  // being filled
  std::uint32_t used_ = 0;    // slots of it
  std::vector<Waiting> waiting_;
  std::size_t waits_ = 0;  // the first that still does
};

}  // namespace sluice::match
