// std::unordered_set<std::string>, asked for each suffix as a string_view.

#include <functional>
#include <unordered_set>

#include "benchmarks/matcher/heap.h"
#include "benchmarks/matcher/rival.h"
#include "benchmarks/matcher/suffixes.h"

namespace sluice::bench {
namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

class StdSet final : public Rival {
 public:
  std::string_view name() const override { return "std"; }

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
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const bool covered = any_suffix(queries.text(i), top_level_, [&](std::string_view suffix) {
        return set_.contains(suffix);
      });
      count += covered ? 1U : 0U;
    }
    return count;
  }

 private:
  std::unordered_set<std::string, Hash, std::equal_to<>> set_;
  bool top_level_ = false;
  Footprint bytes_;
};

}  // namespace

std::unique_ptr<Rival> make_std_set() {
  return std::make_unique<StdSet>();
}

}  // namespace sluice::bench
