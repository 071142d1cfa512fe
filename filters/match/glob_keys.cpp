#include "filters/match/glob_keys.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <unordered_map>

#include "filters/match/glob.h"

namespace sluice::match {
namespace {

constexpr std::size_t kFew = 8;

// The labels left of the fixed part, the rightmost first; at most kKeyPositions.
class PatternLabels {
 public:
  explicit PatternLabels(Bytes pattern) {
    const std::byte* const end = fixed_part(pattern).data();
    for (Bytes rest = pattern; rest.data() != end;) {
      const auto size = std::to_integer<std::size_t>(rest[0]);
      std::ranges::copy_backward(std::span(labels_).first(kKeyPositions - 1), labels_.end());
      labels_[0] = as_text(rest.subspan(1, size));
      count_ = std::min(count_ + 1, kKeyPositions);
      rest = rest.subspan(1 + size);
    }
  }
  [[nodiscard]] std::span<const std::string_view> all() const {
    return std::span(labels_).first(count_);
  }

 private:
  std::array<std::string_view, kKeyPositions> labels_;
  std::size_t count_ = 0;
};

// Calls `take(key)` with each text that could find the pattern.
template <typename Take>
void for_each_text(Bytes pattern, Take&& take) {
  const PatternLabels labels(pattern);
  std::uint8_t position = 0;
  for (const std::string_view label : labels.all()) {
    const std::string_view start = label.substr(0, label.find('*'));
    if (!start.empty()) take(GlobKey{position, false, start});
    const std::string_view end = label.substr(label.rfind('*') + 1);  // without a star: all of it
    if (!end.empty() && end.size() < label.size()) take(GlobKey{position, true, end});
    ++position;
  }
}

std::string spelt(const GlobKey& key) {
  std::string text(1, static_cast<char>(2 * key.position + (key.at_end ? 1 : 0)));
  return text.append(key.text);
}

// Whether a label that has `longer` has `shorter` as well.
bool goes_with(const GlobKey& shorter, const GlobKey& longer) {
  return shorter.at_end ? longer.text.ends_with(shorter.text)
                        : longer.text.starts_with(shorter.text);
}

bool text_less(const GlobKey& a, const GlobKey& b) {
  if (!a.at_end) return a.text < b.text;
  return std::ranges::lexicographical_compare(a.text.rbegin(), a.text.rend(), b.text.rbegin(),
                                              b.text.rend());
}

}  // namespace

std::vector<GlobKey> glob_keys(std::span<const Bytes> patterns) {
  std::vector<GlobKey> keys(patterns.size());
  if (patterns.size() <= kFew) return keys;
  std::unordered_map<std::string, std::size_t> counts;
  for (const Bytes pattern : patterns) {
    for_each_text(pattern, [&](const GlobKey& key) { ++counts[spelt(key)]; });
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    std::size_t fewest = patterns.size() + 1;
    for_each_text(patterns[i], [&](const GlobKey& key) {
      const std::size_t count = counts[spelt(key)];
      if (std::tuple(count, keys[i].text.size()) < std::tuple(fewest, key.text.size())) {
        keys[i] = key;
        fewest = count;
      }
    });
  }
  return keys;
}

std::vector<std::size_t> crowded(std::span<const GlobKey> keys) {
  std::vector<std::size_t> order(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto shape = [&](std::size_t i) {
    return std::tuple(!keys[i].text.empty(), keys[i].position, keys[i].at_end);
  };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (shape(a) != shape(b)) return shape(a) < shape(b);
    return text_less(keys[a], keys[b]);
  });
  std::vector<std::size_t> left_out;
  std::vector<std::size_t> met;  // of those taken, all that a name meets together with the current
  for (const std::size_t i : order) {
    while (!met.empty() &&
           (shape(met.back()) != shape(i) || !goes_with(keys[met.back()], keys[i]))) {
      met.pop_back();
    }
    if (met.size() == kMostMet) {
      left_out.push_back(i);
    } else {
      met.push_back(i);
    }
  }
  std::ranges::sort(left_out);
  return left_out;
}

}  // namespace sluice::match
