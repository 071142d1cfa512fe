#pragma once

// The reference matcher: looks up every suffix of a name in a set of all rules. It is too simple to
// be wrong, so the answers of all rivals are compared with it.

#include <string_view>
#include <unordered_set>

#include "benchmarks/matcher/names.h"

namespace sluice::bench {

class Reference {
 public:
  // REQUIRES: the rules outlive it.
  explicit Reference(const Names& rules) {
    rules_.reserve(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) rules_.insert(rules[i]);
  }
  [[nodiscard]] bool covers(std::string_view name) const {
    while (!rules_.contains(name)) {
      const std::size_t dot = name.find('.');
      if (dot == std::string_view::npos) return false;
      name.remove_prefix(dot + 1);
    }
    return true;
  }

 private:
  std::unordered_set<std::string_view> rules_;
};

}  // namespace sluice::bench
