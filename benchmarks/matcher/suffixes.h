#pragma once

// Finds suffixes with a set of whole names: asks for each suffix.

#include <string_view>

#include "benchmarks/matcher/names.h"

namespace sluice::bench {

// Whether any rule has only one label. If none has, there is no need to look up top-level domains.
[[nodiscard]] inline bool has_top_level(const Names& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].find('.') == std::string_view::npos) return true;
  }
  return false;
}

// Asks `contains` for the name and for each suffix behind a dot, longest first, until it returns
// true.
template <typename Contains>
[[nodiscard]] bool any_suffix(std::string_view name, bool top_level, Contains&& contains) {
  for (;;) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return top_level && contains(name);
    if (contains(name)) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace sluice::bench
