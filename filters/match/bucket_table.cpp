#include "filters/match/bucket_table.h"

namespace sluice::match {
namespace {

// The home suffixes of a bucket go first, so that few are away from home; but suffixes that would
// get too far from their home go before them.
constexpr std::uint32_t kPatience = 2;

}  // namespace

BucketTable::BucketTable(std::uint32_t home_buckets, std::pmr::memory_resource* memory)
    : home_buckets_(home_buckets),
      buckets_(home_buckets + std::size_t{kSluiceMaxProbe} - 1, memory) {}

bool BucketTable::add(std::uint64_t hash, std::uint32_t suffix) {
  const std::uint32_t home = sluice_home_bucket(hash, home_buckets_);
  if (!advance_to(home)) return false;
  if (used_ < kSluiceBucketSlots) {
    put(hash, suffix);
  } else {
    waiting_.push_back({hash, suffix, home});
  }
  return true;
}

bool BucketTable::finish() {
  return advance_to(static_cast<std::uint32_t>(buckets_.size())) && waiting_.empty();
}

// Fills the buckets before `bucket` with waiting suffixes, and gives slots of `bucket` to those
// that can wait no longer.
bool BucketTable::advance_to(std::uint32_t bucket) {
  while (bucket_ < bucket) {
    while (waits_ < waiting_.size() && used_ < kSluiceBucketSlots) put_first_waiting();
    if (waits_ == waiting_.size()) {
      waiting_.clear();
      waits_ = 0;
    }
    ++bucket_;
    used_ = 0;
    while (waits_ < waiting_.size() && waiting_[waits_].home + kPatience <= bucket_ &&
           used_ < kSluiceBucketSlots) {
      if (waiting_[waits_].home + kSluiceMaxProbe <= bucket_) return false;
      put_first_waiting();
    }
  }
  return true;
}

void BucketTable::put_first_waiting() {
  const Waiting& first = waiting_[waits_++];
  for (std::uint32_t i = first.home; i < bucket_; ++i) {
    buckets_[i].overflow |= sluice_overflow_bit(first.hash);
  }
  put(first.hash, first.suffix);
}

void BucketTable::put(std::uint64_t hash, std::uint32_t suffix) {
  SluiceBucket& bucket = buckets_[bucket_];
  bucket.tags[used_] = sluice_tag(hash);
  bucket.suffixes[used_] = suffix;
  ++used_;
}

}  // namespace sluice::match
