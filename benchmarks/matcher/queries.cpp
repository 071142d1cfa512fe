#include "benchmarks/matcher/queries.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "filters/name/name.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kMostText = name::kMaxNameBytes - 2;

// `www.` for one name in four, one or two random labels for another.
std::string with_labels_in_front(std::string_view name, Random& random) {
  std::string front;
  if (random.below(2) == 0) {
    if (random.below(2) == 0) {
      front = "www.";
    } else {
      for (std::uint64_t labels = 1 + random.below(2); labels > 0; --labels) {
        for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
          front += static_cast<char>('a' + random.below(26));
        }
        front += '.';
      }
    }
  }
  if (front.size() + name.size() > kMostText) front.clear();
  return front.append(name);
}

class PopularDraw {
 public:
  PopularDraw(const Popular& popular, Random& random) : popular_(popular), random_(random) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= popular.head; ++rank) {
      sum += 1 / static_cast<double>(rank);
      sums_.push_back(sum);
    }
  }
  std::string_view draw() {
    if (random_.below(2) == 0) {
      return popular_.names[popular_.head + random_.below(popular_.names.size() - popular_.head)];
    }
    const auto at = std::ranges::upper_bound(sums_, random_.unit() * sums_.back());
    return popular_.names[std::min<std::size_t>(static_cast<std::size_t>(at - sums_.begin()),
                                                sums_.size() - 1)];
  }

 private:
  const Popular& popular_;
  Random& random_;
  std::vector<double> sums_;  // of the weights up to a rank
};

}  // namespace

void Queries::add(std::string_view name, bool covered) {
  text_.append(1, '.').append(name).append(1, '\n');
  packets_.resize(packets_.size() + QuerySlice::kNameAt);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    packets_.push_back(static_cast<std::byte>(label.size()));
    const Bytes bytes = as_bytes(label);
    packets_.insert(packets_.end(), bytes.begin(), bytes.end());
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  packets_.push_back(std::byte{0});
  places_.push_back(
      {static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(packets_.size())});
  covered_.push_back(covered);
}

Queries make_queries(const Names& rules, const Popular& popular, const Reference& reference,
                     std::size_t count, std::size_t hits, std::uint64_t seed) {
  Random random(seed);
  PopularDraw draw(popular, random);
  Names names;
  while (names.size() < hits) {
    names.add(with_labels_in_front(rules[random.below(rules.size())], random));
  }
  std::size_t refused = 0;
  while (names.size() < count) {
    const std::string name = with_labels_in_front(draw.draw(), random);
    if (!reference.covers(name)) {
      names.add(name);
    } else if (++refused > 100 * count) {
      throw std::runtime_error("the rules cover nearly all popular names: no misses to be had");
    }
  }
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  Queries queries;
  for (const std::uint32_t i : order) queries.add(names[i], i < hits);
  return queries;
}

}  // namespace sluice::bench
