#pragma once

// Many names as text in one buffer: 10 million of them must not cost 10 million strings.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/matcher/random.h"

namespace sluice::bench {

class Names {
 public:
  Names() : starts_{0} {}

  // REQUIRES: less than 4 GiB in total.
  void add(std::string_view name) {
    text_ += name;
    starts_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  [[nodiscard]] std::size_t size() const noexcept { return starts_.size() - 1; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return std::string_view(text_).substr(starts_[i], starts_[i + 1] - starts_[i]);
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return text_.capacity() + starts_.capacity() * sizeof starts_[0];
  }
  void shrink_to_fit() {
    text_.shrink_to_fit();
    starts_.shrink_to_fit();
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> starts_;
};

// Sorts by bytes and removes duplicates.
[[nodiscard]] Names sorted_unique(const Names& names);

// A uniform sample of `count` names, in their order. REQUIRES: there are that many.
[[nodiscard]] Names sample(const Names& names, std::size_t count, Random& random);

// Calls `take(label)` for each label of a name, from the right.
template <typename Take>
void each_label_from_right(std::string_view name, Take&& take) {
  for (;;) {
    const std::size_t dot = name.rfind('.');
    take(name.substr(dot + 1));  // npos + 1 is 0
    if (dot == std::string_view::npos) return;
    name = name.substr(0, dot);
  }
}

}  // namespace sluice::bench
