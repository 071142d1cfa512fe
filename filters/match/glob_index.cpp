#include "filters/match/glob_index.h"

#include <algorithm>
#include <bit>

#include "filters/match/glob.h"

namespace sluice::match {
namespace {

constexpr std::size_t kLeastRuleBytes = 12;

// The first rules of the suffixes that have globs below them.
std::vector<std::uint32_t> suffixes_with_globs(const HotPart& hot) {
  constexpr std::uint32_t kBoth = SLUICE_SUFFIX_HAS_RULES | SLUICE_SUFFIX_HAS_GLOBS;
  std::vector<std::uint32_t> rules;
  for (const SluiceBucket& bucket : hot.buckets) {
    for (std::size_t i = 0; i < kSluiceBucketSlots; ++i) {
      if (bucket.tags[i] == 0 || (bucket.suffixes[i] & kBoth) != kBoth) continue;
      rules.push_back(bucket.suffixes[i] & SLUICE_SUFFIX_RULE);
    }
  }
  std::ranges::sort(rules);
  return rules;
}

}  // namespace

std::optional<GlobIndex> GlobIndex::of(const HotPart& hot, const ColdPart& cold) {
  GlobIndex index;
  index.start_ = hot.header->key.start;
  index.multiplier_ = hot.header->key.multiplier | 1;
  // Each rule belongs to one name. In a damaged image the names may share rules without end.
  std::size_t left = cold.rules.size() / kLeastRuleBytes;
  std::vector<Glob> globs;
  for (const std::uint32_t first : suffixes_with_globs(hot)) {
    globs.clear();
    for (RuleId id{first};;) {
      const StoredRule rule = cold.rule(id);
      if (rule.name.empty()) break;
      if (left-- == 0) return std::nullopt;
      // A name that is none covers nothing.
      if (rule.is_glob() && name::Name::from_wire(rule.name))
        globs.push_back({id.index, rule.name});
      if (rule.is_last()) break;
      id = ColdPart::behind(id, rule);
    }
    if (!globs.empty()) index.add_group(first, globs);
  }
  index.index_keys();
  return index;
}

void GlobIndex::add_group(std::uint32_t first_rule, std::span<const Glob> globs) {
  std::vector<Bytes> patterns;
  for (const Glob& glob : globs) patterns.push_back(glob.pattern);
  const std::vector<GlobKey> keys = glob_keys(patterns);
  std::uint32_t fixed_labels = 0;
  WireLabels fixed({fixed_part(patterns[0]), 0});
  for (Label label; fixed.next(label);) ++fixed_labels;
  Group group{.first_rule = first_rule,
              .fixed_labels = fixed_labels,
              .loose = {static_cast<std::uint32_t>(rules_.size()), 0},
              .shapes = {static_cast<std::uint32_t>(shapes_.size()), 0}};
  for (std::size_t i = 0; i < globs.size(); ++i) {
    if (!keys[i].text.empty()) continue;
    rules_.push_back(globs[i].rule);
    ++group.loose.count;
  }
  for (std::uint8_t position = 0; position < kKeyPositions; ++position) {
    for (const bool at_end : {false, true}) {
      Shape shape{.position = position, .at_end = at_end};
      for (std::size_t i = 0; i < globs.size(); ++i) {
        const GlobKey& key = keys[i];
        if (key.text.empty() || key.position != position || key.at_end != at_end) continue;
        shape.lengths |= std::uint64_t{1} << (key.text.size() - 1);
        KeyHash hash(*this, group, shape);
        for (std::size_t n = 0; n < key.text.size(); ++n) {
          hash.add(as_bytes(key.text)[at_end ? key.text.size() - 1 - n : n]);
        }
        keyed_.emplace_back(hash.value(), globs[i].rule);
      }
      if (shape.lengths == 0) continue;
      shapes_.push_back(shape);
      ++group.shapes.count;
    }
  }
  groups_.push_back(group);
}

void GlobIndex::index_keys() {
  std::ranges::sort(keyed_);
  std::size_t keys = 0;
  for (std::size_t i = 0; i < keyed_.size(); ++i) {
    if (i == 0 || keyed_[i].first != keyed_[i - 1].first) ++keys;
  }
  slots_.resize(std::bit_ceil(2 * keys + 1));
  for (std::size_t i = 0; i < keyed_.size();) {
    const std::uint64_t hash = keyed_[i].first;
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].rules.count != 0) at = (at + 1) & (slots_.size() - 1);
    Slot& slot = slots_[at];
    slot = {hash, {static_cast<std::uint32_t>(rules_.size()), 0}};
    for (; i < keyed_.size() && keyed_[i].first == hash; ++i, ++slot.rules.count) {
      rules_.push_back(keyed_[i].second);
    }
  }
  keyed_ = {};
}

const GlobIndex::Group* GlobIndex::group_of(RuleId first) const noexcept {
  const auto found = std::ranges::lower_bound(groups_, first.index, {}, &Group::first_rule);
  return found == groups_.end() || found->first_rule != first.index ? nullptr : &*found;
}

GlobIndex::Range GlobIndex::look_up(std::uint64_t hash) const noexcept {
  for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].rules.count == 0) return {};
    if (slots_[at].hash == hash) return slots_[at].rules;
  }
}

std::size_t GlobIndex::memory_bytes() const noexcept {
  return groups_.size() * sizeof(Group) + shapes_.size() * sizeof(Shape) +
         rules_.size() * sizeof(std::uint32_t) + slots_.size() * sizeof(Slot);
}

}  // namespace sluice::match
