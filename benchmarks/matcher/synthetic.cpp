#include "benchmarks/matcher/synthetic.h"

#include <algorithm>
#include <array>
#include <string>

#include "filters/base/keyed_hash.h"

namespace sluice::bench {
namespace {

std::string random_label(Random& random, std::size_t size) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string label(size, ' ');
  for (char& letter : label) letter = kLetters[random.below(kLetters.size())];
  return label;
}

// Some parents have many children: two times in three, a recent parent is used again.
class Parents {
 public:
  explicit Parents(Random& random) : random_(random) {}
  std::string domain() {
    constexpr std::array<std::string_view, 8> kTops = {"com", "net", "org",  "info",
                                                       "de",  "ru",  "shop", "xyz"};
    return random_label(random_, 6 + random_.below(12)) + '.' +
           std::string(kTops[random_.below(kTops.size())]);
  }
  const std::string& shared() {
    std::string& parent = latest_[random_.below(latest_.size())];
    if (parent.empty() || random_.below(3) == 0) parent = domain();
    return parent;
  }

 private:
  Random& random_;
  std::array<std::string, 64> latest_;
};

void add_copy(const Names& real, std::uint64_t copy, std::uint64_t seed, Names& out) {
  std::string name;
  for (std::size_t i = 0; i < real.size(); ++i) {
    name.clear();
    std::uint64_t suffix = copy;  // names that share a suffix also share its new labels
    each_label_from_right(real[i], [&](std::string_view label) {
      suffix = keyed_hash({seed, suffix}, as_bytes(label));
      if (name.empty()) {
        name = label;
        return;
      }
      Random random(suffix);
      name.insert(0, 1, '.');
      name.insert(0, random_label(random, label.size()));
    });
    out.add(name);
  }
}

}  // namespace

Names made_up_names(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Parents parents(random);
  Names unique;
  for (Names all; unique.size() < count; unique = sorted_unique(all)) {
    for (std::size_t missing = count - unique.size() + count / 100 + 1; missing > 0; --missing) {
      std::string name = random.below(3) < 2 ? parents.domain() : parents.shared();
      while (random.below(4) == 0 && name.size() < 100) {
        name.insert(0, random_label(random, 1 + random.below(12)) + '.');
      }
      all.add(name);
    }
  }
  return sample(unique, count, random);
}

Names renamed_copies(const Names& real, std::size_t count, std::uint64_t seed) {
  Names all;
  Names unique;  // short labels sometimes collide
  for (std::uint64_t copy = 0; unique.size() < count; ++copy) {
    add_copy(real, copy, seed, all);
    if (all.size() >= count) unique = sorted_unique(all);
  }
  Random random(seed);
  return sample(unique, count, random);
}

}  // namespace sluice::bench
