#pragma once

// What the benchmark knows of a matcher. Every matcher answers the same question: is the name, or
// one that it lies below, among the rules?

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/matcher/names.h"
#include "benchmarks/matcher/queries.h"

namespace sluice::bench {

inline constexpr std::size_t kMaxBatch = 32;

// Resident bytes once it is built, with what the allocator adds.
struct Footprint {
  std::size_t hot = 0;   // what a miss may read
  std::size_t cold = 0;  // read only to verify or to report a hit
};

class Rival {
 public:
  Rival() = default;
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;
  virtual ~Rival() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Empty: it is built. Else why it cannot be; it is not asked anything then.
  [[nodiscard]] virtual std::string build(const Names& rules) = 0;
  [[nodiscard]] virtual Footprint bytes() const = 0;

  // How many of the names are covered, looked up one after the other.
  [[nodiscard]] virtual std::uint64_t count_single(QuerySlice queries) const = 0;
  // The same, up to `batch` names at a time. REQUIRES: has_batches(), batch <= kMaxBatch.
  [[nodiscard]] virtual bool has_batches() const { return false; }
  [[nodiscard]] virtual std::uint64_t count_batch(QuerySlice queries, std::size_t /*batch*/) const {
    return count_single(queries);
  }
};

// One function a file. Those of libraries that were not found when the build was configured are
// not there.
std::unique_ptr<Rival> make_absl_set();
std::unique_ptr<Rival> make_std_set();
std::unique_ptr<Rival> make_sorted_names();
std::unique_ptr<Rival> make_label_trie();
std::unique_ptr<Rival> make_vectorscan();
std::unique_ptr<Rival> make_ndpi();
std::unique_ptr<Rival> make_sluice();

// A new one of each, ours last.
[[nodiscard]] std::vector<std::unique_ptr<Rival>> make_rivals();
// Names of those that this build lacks.
[[nodiscard]] std::vector<std::string_view> missing_rivals();

}  // namespace sluice::bench
