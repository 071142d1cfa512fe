#pragma once

// Finds the globs that may cover a name, so that ten thousand below one name cost about what ten
// do. Made when an image is opened, from the globs that it holds; the image says nothing of it.
//
// A lookup hashes each label that has keys once for each end, and looks at the lengths of text that
// keys have. For each name that has globs below it, it meets at most kMostMet globs without key,
// and as many for each position and end (glob_keys.h; the builder leaves the others out).
// Immutable; read by any number of threads. A lookup does not allocate. Private to match/.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "filters/match/glob_keys.h"
#include "filters/match/image_parts.h"
#include "filters/match/labels.h"

namespace sluice::match {

class GlobIndex {
 public:
  // Nothing: the image is damaged.
  [[nodiscard]] static std::optional<GlobIndex> of(const HotPart& hot, const ColdPart& cold);

  // Calls `take(id)` with the rules that may cover a name, until it returns false, and then returns
  // false. `first`: the first rule of the suffix that they are stored under. `labels`: of the name,
  // from the right, and `buffer` that they lie in; `depth`: how many of them the suffix has.
  template <typename Take>
  bool find(RuleId first, Bytes buffer, std::span<const Label> labels, std::size_t depth,
            Take&& take) const noexcept {
    const Group* const group = group_of(first);
    // Another suffix may have the tag of this one by chance.
    if (group == nullptr || group->fixed_labels != depth) return true;
    const auto give = [&](Range range) {
      for (std::uint32_t i = 0; i < range.count; ++i) {
        if (!take(RuleId{rules_[range.at + i]})) return false;
      }
      return true;
    };
    if (!give(group->loose)) return false;
    for (std::uint32_t i = 0; i < group->shapes.count; ++i) {
      const Shape& shape = shapes_[group->shapes.at + i];
      if (depth + shape.position >= labels.size()) continue;
      const Label label = labels[depth + shape.position];
      if (label.size > name::kMaxLabelBytes) continue;
      KeyHash hash(*this, *group, shape);
      for (std::size_t n = 0; n < label.size; ++n) {
        const std::uint64_t longer = shape.lengths >> n;  // bit 0: of n + 1 bytes
        if (longer == 0) break;
        const std::size_t at = shape.at_end ? label.size - 1 - n : n;
        hash.add(buffer[label.at + at]);
        if ((longer & 1) != 0 && !give(look_up(hash.value()))) return false;
      }
    }
    return true;
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Range {
    std::uint32_t at = 0, count = 0;
  };
  // The keys of one position and end.
  struct Shape {
    std::uint64_t lengths = 0;  // bit n: some have n + 1 bytes
    std::uint8_t position = 0;
    bool at_end = false;
  };
  // The globs below one name.
  struct Group {
    std::uint32_t first_rule = 0;
    std::uint32_t fixed_labels = 0;  // of that name
    Range loose;                     // in rules_
    Range shapes;                    // in shapes_
  };
  struct Slot {
    std::uint64_t hash = 0;
    Range rules;  // count 0: a free slot
  };
  // Of a key, byte by byte from its end of the label.
  class KeyHash {
   public:
    KeyHash(const GlobIndex& index, const Group& group, const Shape& shape) noexcept
        : multiplier_(index.multiplier_), value_(index.start_) {
      const auto shape_bits = static_cast<std::uint64_t>(2 * shape.position + shape.at_end);
      mix(std::uint64_t{group.first_rule} << 8 | shape_bits);
    }
    void add(std::byte byte) noexcept {
      mix(static_cast<unsigned char>(to_lower_ascii(static_cast<char>(byte))));
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

   private:
    void mix(std::uint64_t bits) noexcept {
      value_ = (value_ ^ bits) * multiplier_;
      value_ ^= value_ >> 32;
    }

    std::uint64_t multiplier_, value_;
  };
  struct Glob {
    std::uint32_t rule;
    Bytes pattern;
  };

  void add_group(std::uint32_t first_rule, std::span<const Glob> globs);
  void index_keys();
  [[nodiscard]] const Group* group_of(RuleId first) const noexcept;
  [[nodiscard]] Range look_up(std::uint64_t hash) const noexcept;

  std::uint64_t start_ = 0, multiplier_ = 1;
  std::vector<Group> groups_;  // by first rule
  std::vector<Shape> shapes_;
  std::vector<std::uint32_t> rules_;
  std::vector<Slot> slots_;  // a power of two; at most half of them are taken
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed_;  // empty once it is made
};

}  // namespace sluice::match
