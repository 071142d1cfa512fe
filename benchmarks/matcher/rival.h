#pragma once

// The interface of a matcher. Every matcher answers the same question: is the name, or one of its
// parents, among the rules?

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

// Resident bytes after the build, including the allocator's overhead.
struct Footprint {
  std::size_t hot = 0;   // a miss may read these
  std::size_t cold = 0;  // read only to verify or report a hit
};

class Rival {
 public:
  Rival() = default;
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;
  virtual ~Rival() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Empty: built. Otherwise the reason why not; the matcher is not used then.
  [[nodiscard]] virtual std::string build(const Names& rules) = 0;
  [[nodiscard]] virtual Footprint bytes() const = 0;

  // How many of the names are covered. Looks them up one by one.
  [[nodiscard]] virtual std::uint64_t count_single(QuerySlice queries) const = 0;
  // The same, up to `batch` names at a time. REQUIRES: has_batches(), batch <= kMaxBatch.
  [[nodiscard]] virtual bool has_batches() const { return false; }
  [[nodiscard]] virtual std::uint64_t count_batch(QuerySlice queries, std::size_t /*batch*/) const {
    return count_single(queries);
  }
};

// One function for each file. A function is missing if its library was not found at configure time.
std::unique_ptr<Rival> make_absl_set();
std::unique_ptr<Rival> make_std_set();
std::unique_ptr<Rival> make_sorted_names();
std::unique_ptr<Rival> make_label_trie();
std::unique_ptr<Rival> make_vectorscan();
std::unique_ptr<Rival> make_ndpi();
std::unique_ptr<Rival> make_sluice();

// A new matcher of each kind, ours last.
[[nodiscard]] std::vector<std::unique_ptr<Rival>> make_rivals();
// Names of the matchers that this build lacks.
[[nodiscard]] std::vector<std::string_view> missing_rivals();

}  // namespace sluice::bench
