// DomainSet::find_batch: look-ups side by side, so that the memory that each waits for comes at
// once.
//
//   every name:        hash two labels, ask for the bucket
//   while some go on:  compare tags, ask for the next bucket
//   those that found:  ask for the rule; verify

#include <algorithm>
#include <array>
#include <optional>

#include "filters/match/coverage.h"
#include "filters/match/domain_set.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {
namespace {

// Names under way at once: more than a core has requests to memory in flight would not help.
constexpr std::size_t kLanes = 32;

template <typename Source>
class Batch {
 public:
  Batch(const HotPart& hot, const ColdPart& cold) noexcept : hot_(hot), cold_(cold) {}

  // REQUIRES: at most kLanes names.
  void find(const DomainSet& set, std::span<const Source> names,
            std::span<Match> matches) noexcept {
    walking_ = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      lanes_[i].emplace(hot_, names[i]);
      has_found_[i] = false;
      step(static_cast<std::uint8_t>(i), walks_);
    }
    while (walking_ > 0) probe_all();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (has_found_[i]) prefetch_rule(found_[i].rule);
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      matches[i] = has_found_[i] ? settle(set, names[i], found_[i]) : Match{};
    }
  }

 private:
  using Indices = std::array<std::uint8_t, kLanes>;

  // On to the next suffix of a lane, where there is one.
  void step(std::uint8_t lane, Indices& walks) noexcept {
    if (!lanes_[lane]->advance()) return;
    __builtin_prefetch(&hot_.buckets[lanes_[lane]->home_bucket()]);
    walks[walking_++] = lane;
  }

  void probe_all() noexcept {
    std::size_t hits = 0;
    for (std::size_t i = 0; i < walking_; ++i) {
      const SuffixWalk<Source>& lane = *lanes_[walks_[i]];
      const std::size_t bucket = lane.home_bucket();
      const std::uint32_t matches = lane.matches_in(bucket);
      hits_[hits] = walks_[i];
      hits += static_cast<std::size_t>(matches != 0 || lane.overflows(bucket) || lane.at_top());
    }
    walking_ = 0;
    for (std::size_t i = 0; i < hits; ++i) {
      const std::uint8_t lane = hits_[i];
      const bool go_on = lanes_[lane]->probe([&](const FoundSuffix& suffix) {
        const bool has_globs = has_found_[lane] && found_[lane].has_globs;
        found_[lane] = suffix;
        found_[lane].has_globs |= has_globs;  // of this one or a shorter one
        has_found_[lane] = true;
      });
      if (go_on) step(lane, walks_);
    }
  }

  void prefetch_rule(RuleId id) const noexcept {
    const std::size_t at = std::size_t{id.index} * kSluiceRuleAlign;
    if (at < cold_.rules.size()) __builtin_prefetch(cold_.rules.data() + at);
  }

  // The longest suffix settles it, as a rule; where its tag was the same by chance, or its rules do
  // not cover the name, or there are globs, the name is looked up again.
  [[nodiscard]] Match settle(const DomainSet& set, Source name, FoundSuffix found) const noexcept {
    Match best;
    const auto first = [&](const Match& match) {
      best = match;
      return false;
    };
    if (!found.has_globs) Coverage<Source>(cold_, name, std::span(&found, 1)).report(first);
    return best.rule.valid() ? best : set.find(name);
  }

  const HotPart& hot_;
  const ColdPart& cold_;
  std::array<std::optional<SuffixWalk<Source>>, kLanes> lanes_;
  std::array<FoundSuffix, kLanes> found_;
  std::array<bool, kLanes> has_found_;
  Indices walks_;
  Indices hits_;
  std::size_t walking_ = 0;
};

template <typename Source>
void find_all_of(const DomainSet& set, const HotPart& hot, const ColdPart& cold,
                 std::span<const Source> names, std::span<Match> matches) noexcept {
  if (cold.rules.empty()) {
    std::ranges::fill(matches, Match{});
    return;
  }
  Batch<Source> batch(hot, cold);
  for (std::size_t at = 0; at < names.size(); at += kLanes) {
    const std::size_t count = std::min(kLanes, names.size() - at);
    batch.find(set, names.subspan(at, count), matches.subspan(at, count));
  }
}

}  // namespace

void DomainSet::find_batch(std::span<const WireName> names,
                           std::span<Match> matches) const noexcept {
  find_all_of(*this, hot_, cold_, names, matches);
}
void DomainSet::find_batch(std::span<const HostName> names,
                           std::span<Match> matches) const noexcept {
  find_all_of(*this, hot_, cold_, names, matches);
}

}  // namespace sluice::match
