#include "benchmarks/matcher/names.h"

#include <algorithm>

namespace sluice::bench {

Names sorted_unique(const Names& names) {
  std::vector<std::string_view> views(names.size());
  for (std::size_t i = 0; i < views.size(); ++i) views[i] = names[i];
  std::ranges::sort(views);
  const auto repeated = std::ranges::unique(views);
  Names sorted;
  for (auto at = views.begin(); at != repeated.begin(); ++at) sorted.add(*at);
  return sorted;
}

// Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.
Names sample(const Names& names, std::size_t count, Random& random) {
  Names drawn;
  for (std::size_t i = 0; i < names.size() && drawn.size() < count; ++i) {
    if (random.below(names.size() - i) < count - drawn.size()) drawn.add(names[i]);
  }
  return drawn;
}

}  // namespace sluice::bench
