// DomainSet::find_batch: lookups side by side, so that their waits for memory overlap.
//
//   all names, 32 at a time:     hash two labels, prefetch the word of the filter; test it
//   those that may be covered,   prefetch the bucket; while some go on: probe it, prefetch the next
//   32 at a time:                those that found a suffix: prefetch the rule; verify it

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>
#include <utility>

#include "filters/match/coverage.h"
#include "filters/match/domain_set.h"
#include "filters/match/overlay.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {
namespace {

// Names in flight: more than a core's outstanding memory requests would not help.
constexpr std::size_t kLanes = 32;

// Room for a T that is constructed when its lane is used, so that arrays need no initialisation.
template <typename T>
class Place {
 public:
  static_assert(std::is_trivially_destructible_v<T>);
  Place() noexcept {}

  template <typename... Args>
  void emplace(Args&&... args) noexcept {
    std::construct_at(&value, std::forward<Args>(args)...);
  }
  // REQUIRES: emplace() before.
  [[nodiscard]] T& operator*() noexcept { return value; }
  [[nodiscard]] T* operator->() noexcept { return &value; }

 private:
  union {
    T value;
  };
};

// Collects the names that may be covered, and looks them up a round at a time.
template <typename Source>
class Batch {
 public:
  // `overlay`: of the set; null: none.
  Batch(const DomainSet& set, const HotPart& hot, const ColdPart& cold, const Overlay* overlay,
        std::span<const Source> names, std::span<Match> matches) noexcept
      : set_(set), hot_(hot), cold_(cold), overlay_(overlay), names_(names), matches_(matches) {}

  // Takes a name that may be covered. Its match is ready after the next flush() at the latest.
  void add(std::size_t index, const FirstSuffixes& first) noexcept {
    first.prefetch_buckets(hot_);
    indices_[lanes_in_use_] = static_cast<std::uint32_t>(index);
    first_[lanes_in_use_++].emplace(first);
    if (lanes_in_use_ == kLanes) flush();
  }

  void flush() noexcept {
    for (std::size_t i = 0; i < lanes_in_use_; ++i) {
      const auto lane = static_cast<std::uint8_t>(i);
      has_found_[lane] = false;
      if (first_[lane]->find(hot_, [&](const FoundSuffix& suffix) { take(lane, suffix); })) {
        walks_[lane].emplace(hot_, names_[indices_[lane]], *first_[lane]);
        step(lane);
      }
    }
    while (walking_ > 0) find_all();
    for (std::size_t lane = 0; lane < lanes_in_use_; ++lane) {
      const std::size_t i = indices_[lane];
      if (has_found_[lane]) matches_[i] = settle(names_[i], found_[lane]);
    }
    lanes_in_use_ = 0;
  }

 private:
  // Goes on to the next suffix of a lane, if there is one.
  void step(std::uint8_t lane) noexcept {
    if (!walks_[lane]->advance()) return;
    walks_[lane]->prefetch();
    walking_lanes_[walking_++] = lane;
  }

  void take(std::uint8_t lane, const FoundSuffix& suffix) noexcept {
    const bool has_globs = has_found_[lane] && found_[lane].has_globs;
    found_[lane] = suffix;
    found_[lane].has_globs |= has_globs;  // this suffix, or a shorter one
    has_found_[lane] = true;
    prefetch_rule(RuleId{suffix.rule});
  }

  void find_all() noexcept {
    const std::size_t count = std::exchange(walking_, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t lane = walking_lanes_[i];
      if (walks_[lane]->find([&](const FoundSuffix& suffix) { take(lane, suffix); })) step(lane);
    }
  }

  void prefetch_rule(RuleId id) const noexcept {
    const std::size_t at = std::size_t{id.index} * kSluiceRuleAlign;
    if (at < cold_.rules.size()) __builtin_prefetch(cold_.rules.data() + at);
  }

  // The longest suffix usually decides. If its tag was the same by chance, if its rules do not
  // cover the name or were taken away, or if there are globs, the name is looked up again.
  [[nodiscard]] Match settle(Source name, FoundSuffix found) const noexcept {
    Match best;
    const auto first = [&](const Match& match) {
      best = match;
      return false;
    };
    if (!found.has_globs) Coverage<Source>(cold_, name, std::span(&found, 1)).report(first);
    const bool decides =
        best.rule.valid() && (overlay_ == nullptr || !overlay_->removes(best.rule));
    return decides ? best : set_.find(name);
  }

  const DomainSet& set_;
  const HotPart& hot_;
  const ColdPart& cold_;
  const Overlay* const overlay_;
  const std::span<const Source> names_;
  const std::span<Match> matches_;
  std::size_t lanes_in_use_ = 0;
  std::array<std::uint32_t, kLanes> indices_;
  std::array<Place<FirstSuffixes>, kLanes> first_;
  std::array<Place<SuffixWalk<Source>>, kLanes> walks_;
  std::array<FoundSuffix, kLanes> found_;
  std::array<bool, kLanes> has_found_;
  std::array<std::uint8_t, kLanes> walking_lanes_;
  std::size_t walking_ = 0;
};

}  // namespace

template <typename Source>
void DomainSet::find_batch_of(std::span<const Source> names,
                              std::span<Match> matches) const noexcept {
  std::ranges::fill(matches, Match{});
  if (hot_.header == nullptr) return;
  Batch<Source> batch(*this, hot_, cold_, overlay_.get(), names, matches);
  std::array<Place<FirstSuffixes>, kLanes> first;
  for (std::size_t at = 0; at < names.size(); at += kLanes) {
    const std::size_t count = std::min(kLanes, names.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      first[i].emplace(*hot_.header, names[at + i]);
      first[i]->prefetch(hot_);
    }
    for (std::size_t i = 0; i < count; ++i) {
      // An overlay is small, and so are its hits among all: they need no company.
      if (gate_.words != nullptr && gate_.is_open(first[i]->hash_of_two_labels())) {
        matches[at + i] = find(names[at + i]);
      } else if (first[i]->may_be_there(hot_)) {
        batch.add(at + i, *first[i]);
      }
    }
  }
  batch.flush();
}

void DomainSet::find_batch(std::span<const WireName> names,
                           std::span<Match> matches) const noexcept {
  find_batch_of(names, matches);
}
void DomainSet::find_batch(std::span<const HostName> names,
                           std::span<Match> matches) const noexcept {
  find_batch_of(names, matches);
}

}  // namespace sluice::match
