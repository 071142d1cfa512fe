// The main rival: absl::flat_hash_set<std::string>, asked for each suffix.
//
// The batch mode is the best that its interface allows: prefetch() for each suffix of each name,
// then the same lookups. Each suffix is hashed twice, because prefetch() does not accept a hash.

#include <absl/container/flat_hash_set.h>
#include <absl/strings/string_view.h>

#include <algorithm>

#include "benchmarks/matcher/heap.h"
#include "benchmarks/matcher/rival.h"
#include "benchmarks/matcher/suffixes.h"

namespace sluice::bench {
namespace {

class AbslSet final : public Rival {
 public:
  std::string_view name() const override { return "absl"; }

  std::string build(const Names& rules) override {
    top_level_ = has_top_level(rules);
    const std::size_t before = heap_bytes();
    set_.reserve(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) set_.emplace(rules[i]);
    bytes_.hot = heap_bytes() - before;
    for (const std::string& rule : set_) bytes_.cold += heap_bytes_of(rule);
    bytes_.hot -= bytes_.cold;
    return {};
  }
  Footprint bytes() const override { return bytes_; }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) count += covers(queries.text(i)) ? 1U : 0U;
    return count;
  }

  bool has_batches() const override { return true; }
  std::uint64_t count_batch(QuerySlice queries, std::size_t batch) const override {
    std::uint64_t count = 0;
    for (std::size_t at = 0; at < queries.size(); at += batch) {
      const QuerySlice some = queries.slice(at, std::min(batch, queries.size() - at));
      for (std::size_t i = 0; i < some.size(); ++i) {
        static_cast<void>(any_suffix(some.text(i), top_level_, [&](std::string_view suffix) {
          set_.prefetch(absl::string_view(suffix.data(), suffix.size()));
          return false;
        }));
      }
      count += count_single(some);
    }
    return count;
  }

 private:
  bool covers(std::string_view name) const {
    return any_suffix(name, top_level_, [&](std::string_view suffix) {
      return set_.contains(absl::string_view(suffix.data(), suffix.size()));
    });
  }

  absl::flat_hash_set<std::string> set_;
  bool top_level_ = false;
  Footprint bytes_;
};

}  // namespace

std::unique_ptr<Rival> make_absl_set() {
  return std::make_unique<AbslSet>();
}

}  // namespace sluice::bench
