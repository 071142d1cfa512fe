#pragma once

// A few changes to a DomainSet, looked at beside its image: rules that are added, in a small image
// of their own, and rules of the base that are taken away. Private to match/.
//
//   name ─► one hash ─┬► image of the base ──► without `removed` ─┐
//                     └► image of `added` ────────────────────────┴► merged, best first
//
// Both images have one hash key, so a miss costs one word more: OverlayGate. What is here knows the
// base by its rule ids and the order of its matches alone, nothing of how its image is laid out.
// Immutable. No allocation in a lookup.

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "filters/match/address_rules.h"
#include "filters/match/domain_set.h"

namespace sluice::match {

[[nodiscard]] inline bool is_added_rule(RuleId id) noexcept {
  return id.valid() && (id.index & kAddedRule) != 0;
}
[[nodiscard]] inline RuleId as_added(RuleId id) noexcept {
  return {id.index | kAddedRule};
}
[[nodiscard]] inline RuleId in_added(RuleId id) noexcept {
  return {id.index & ~kAddedRule};
}

struct Overlay {
  DomainSet added;                     // has no overlay itself; its apps and lists are of both
  std::vector<std::uint32_t> removed;  // ids of the base, sorted
  bool of_addresses = false;           // some of the changes are
  std::vector<std::uint64_t> gate;     // what OverlayGate looks at

  [[nodiscard]] bool removes(RuleId id) const noexcept {
    return std::ranges::binary_search(removed, id.index);
  }
};

// Whether a lookup reports `a` before `b`.
[[nodiscard]] inline bool is_better(const Match& a, const Match& b) noexcept {
  const auto place = [](const Match& match) {
    return std::tuple(-int{match.labels}, !is_exception(match.kind), !is_exact(match.kind));
  };
  return place(a) < place(b);
}

// The matches of a lookup one by one, though it calls back. `find(visit)` reports the same ones
// every time; it is called once for each kRoom of them.
template <typename Find>
class MatchStream {
 public:
  explicit MatchStream(const Find& find) noexcept : find_(find) { fill(); }
  // Null: there are no more.
  [[nodiscard]] const Match* next() const noexcept { return at_ < count_ ? &items_[at_] : nullptr; }
  void pop() noexcept {
    if (++at_ == kRoom) fill();
  }

 private:
  static constexpr std::size_t kRoom = 16;

  void fill() noexcept {
    std::size_t skip = given_;
    at_ = count_ = 0;
    find_([&](const Match& match) {
      if (skip > 0) return --skip, true;
      items_[count_++] = match;
      return count_ < kRoom;
    });
    given_ += count_;
  }

  const Find& find_;
  std::size_t given_ = 0;
  std::size_t at_ = 0, count_ = 0;
  std::array<Match, kRoom> items_;
};

// Calls `visit(match)` with the matches of two lookups, best first, until it returns false.
template <typename First, typename Second, typename Visit>
void merge_matches(const First& first, const Second& second, Visit&& visit) noexcept {
  MatchStream a(first);
  MatchStream b(second);
  while (a.next() != nullptr || b.next() != nullptr) {
    const bool from_b =
        a.next() == nullptr || (b.next() != nullptr && is_better(*b.next(), *a.next()));
    if (!visit(from_b ? *b.next() : *a.next())) return;
    from_b ? b.pop() : a.pop();
  }
}

}  // namespace sluice::match
