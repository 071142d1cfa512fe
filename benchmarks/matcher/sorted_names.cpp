// A sorted vector of reversed names, `moc.elpmaxe.`, and one binary search for each name.
//
// Rules below other rules are removed. A rule then covers a name if and only if it is a prefix of
// the reversed name. Only the last rule that is not greater than the name can be such a prefix: any
// rule between a prefix and the name would start with that prefix, and was removed.

#include <array>

#include "benchmarks/matcher/rival.h"
#include "filters/name/name.h"

namespace sluice::bench {
namespace {

class Reversed {
 public:
  explicit Reversed(std::string_view name) noexcept : size_(name.size() + 1) {
    for (std::size_t i = 0; i < name.size(); ++i) text_[i] = name[name.size() - 1 - i];
    text_[name.size()] = '.';
  }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, name::kMaxNameBytes + 1> text_;
  std::size_t size_;
};

class SortedNames final : public Rival {
 public:
  std::string_view name() const override { return "sorted"; }

  std::string build(const Names& rules) override {
    Names reversed;
    for (std::size_t i = 0; i < rules.size(); ++i) reversed.add(Reversed(rules[i]).text());
    reversed = sorted_unique(reversed);
    for (std::size_t i = 0; i < reversed.size(); ++i) {
      const std::size_t kept = rules_.size();
      if (kept == 0 || !reversed[i].starts_with(rules_[kept - 1])) rules_.add(reversed[i]);
    }
    rules_.shrink_to_fit();
    return {};
  }
  Footprint bytes() const override { return {.hot = rules_.memory_bytes()}; }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) count += covers(queries.text(i)) ? 1U : 0U;
    return count;
  }

 private:
  bool covers(std::string_view name) const noexcept {
    const Reversed reversed(name);
    std::size_t first = 0;
    for (std::size_t left = rules_.size(); left > 0;) {
      const std::size_t half = left / 2;
      const bool greater = rules_[first + half] > reversed.text();
      first = greater ? first : first + half + 1;
      left = greater ? half : left - half - 1;
    }
    return first > 0 && reversed.text().starts_with(rules_[first - 1]);
  }

  Names rules_;
};

}  // namespace

std::unique_ptr<Rival> make_sorted_names() {
  return std::make_unique<SortedNames>();
}

}  // namespace sluice::bench
