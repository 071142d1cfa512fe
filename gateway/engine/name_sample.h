#pragma once

// A sample of the names that clients asked for of late, for the canary (gateway/app/canary.h). It
// holds no names and no addresses: of a name only keyed hashes of its suffixes, by a key that never
// leaves the process, and the policy that judged it, hashed too.
//
// A uniform sample (reservoir) of each epoch; the epoch at hand and the one before count. Older
// names are forgotten. Cost of a name: a counter and a random number; few names are hashed, fewer
// the longer an epoch lasts. Packets without a name cost nothing.
//
// Threads: offer() is for one thread; entries() for any, at the same time. Words are relaxed
// atomics, and an entry that is read while it is written fails its check word and is left out.
// No allocation after construction.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/name/name.h"

namespace sluice::engine {

class NameSample {
 public:
  static constexpr std::size_t kEntries = 1024;  // of an epoch
  // A name is known by itself, and by its suffixes of up to so many labels.
  static constexpr std::size_t kSuffixes = 8;
  static constexpr Nanos kEpoch = std::chrono::hours(1);

  struct Entry {
    std::uint64_t name = 0;                           // hash of the whole
    std::array<std::uint64_t, kSuffixes> suffixes{};  // [i]: of i + 1 labels; 0: it has fewer
    std::uint64_t policy = 0;                         // hash of the policy's name
  };
  struct Weighted {
    Entry entry;
    double weight = 1;  // names seen for each one kept
  };

  explicit NameSample(HashKey key);

  // A name of a client under this policy.
  void offer(const name::Name& name, std::string_view policy, Nanos now) noexcept;

  // Adds what the sample holds. Allocates.
  void read(std::vector<Weighted>& out) const;
  [[nodiscard]] static std::uint64_t hash(HashKey key, Bytes bytes) noexcept;  // never 0
  [[nodiscard]] HashKey key() const noexcept { return key_; }
  [[nodiscard]] static constexpr std::size_t memory_bytes() noexcept { return 2 * sizeof(Half); }

 private:
  static constexpr std::size_t kWords = kSuffixes + 3;  // the last one is the check word
  struct Half {
    std::array<std::array<std::atomic<std::uint64_t>, kWords>, kEntries> slots{};
    std::atomic<std::uint64_t> seen{0};
    std::atomic<std::int64_t> epoch{-1};
  };

  [[nodiscard]] std::uint64_t random() noexcept;

  HashKey key_;
  std::uint64_t state_;
  std::int64_t epoch_ = -1;
  std::unique_ptr<std::array<Half, 2>> halves_;
};

}  // namespace sluice::engine
