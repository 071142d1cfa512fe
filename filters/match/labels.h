#pragma once

// The labels of a name from the right, and their hash sums, for each form of names. Private to
// match/. Pure; reads only inside the name's buffer.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "filters/base/bytes.h"
#include "filters/match/domain_image.h"
#include "filters/match/lookup_name.h"
#include "filters/name/name.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sluice::match {

struct Label {
  std::size_t at = 0;  // of its first byte, in the name's buffer
  std::size_t size = 0;
};

// REQUIRES: the same sizes; `lower` in lower case.
[[nodiscard]] inline bool equals_folded(Bytes any, Bytes lower) noexcept {
  std::size_t at = 0;
  const auto equal_word = [&](std::size_t from) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, any.data() + from, sizeof a);
    std::memcpy(&b, lower.data() + from, sizeof b);
    return sluice_fold_word(a) == b;
  };
  for (; any.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    if (!equal_word(at)) return false;
  }
  if (at == any.size()) return true;
  if (any.size() >= sizeof(std::uint64_t)) return equal_word(any.size() - sizeof(std::uint64_t));
  for (; at < any.size(); ++at) {
    if (static_cast<std::byte>(to_lower_ascii(static_cast<char>(any[at]))) != lower[at])
      return false;
  }
  return true;
}

class WireLabels {
 public:
  explicit WireLabels(WireName name) noexcept : buffer_(name.buffer) {
    std::size_t at = name.at;
    const std::size_t end = std::min<std::size_t>(buffer_.size(), at + name::kMaxNameBytes);
    first_ = name.at;
    while (at < end) {
      const auto size = std::to_integer<std::size_t>(buffer_[at]);
      if (size == 0) {
        end_ = at;
        return;
      }
      if (size > name::kMaxLabelBytes) break;
      starts_[count_++] = static_cast<std::uint8_t>(at - first_);
      at += 1 + size;
    }
    count_ = 0;  // no name
  }

  // The next label to the left; false: there is none.
  bool next(Label& label) noexcept {
    if (count_ == 0) return false;
    const std::size_t at = first_ + starts_[--count_];
    label = {at + 1, end_ - at - 1};
    end_ = at;
    return true;
  }
  // Whether the label that next() gave last is the leftmost.
  [[nodiscard]] bool at_start() const noexcept { return count_ == 0; }
  [[nodiscard]] Bytes buffer() const noexcept { return buffer_; }

 private:
  Bytes buffer_;
  std::size_t first_ = 0;
  std::size_t end_ = 0;  // of the labels still to come
  std::size_t count_ = 0;
  // Not initialised: a name of three labels should not pay for 128.
  std::array<std::uint8_t, name::kMaxLabels + 1> starts_;
};

class HostLabels {
 public:
  explicit HostLabels(HostName name) noexcept
      : buffer_(name.buffer.first(
            std::min<std::size_t>(name.buffer.size(), std::size_t{name.at} + name.size))),
        first_(name.at),
        end_(buffer_.size()) {
    while (end_ > first_ && buffer_[end_ - 1] == kDot) --end_;
    more_ = end_ > first_;
  }

  bool next(Label& label) noexcept {
    if (!more_) return false;
    const std::size_t at = start_of_label();
    label = {at, end_ - at};
    more_ = at > first_;
    end_ = more_ ? at - 1 : at;
    return label.size > 0 && label.size <= name::kMaxLabelBytes;
  }
  [[nodiscard]] bool at_start() const noexcept { return !more_; }
  [[nodiscard]] Bytes buffer() const noexcept { return buffer_; }

 private:
  static constexpr std::byte kDot{'.'};

  // The byte behind the last dot before end_.
  [[nodiscard]] std::size_t start_of_label() const noexcept {
    std::size_t at = end_;
#ifdef __SSE2__
    if (at >= kWindow) {
      __m128i window;
      std::memcpy(&window, buffer_.data() + at - kWindow, kWindow);
      const auto dots =
          static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(window, _mm_set1_epi8('.'))));
      const std::size_t behind = at - kWindow + static_cast<std::size_t>(std::bit_width(dots));
      if (dots != 0) return std::max(behind, first_);
      at -= kWindow;
      if (at <= first_) return first_;
    }
#endif
    while (at > first_ && buffer_[at - 1] != kDot) --at;
    return at;
  }

  static constexpr std::size_t kWindow = 16;
  Bytes buffer_;
  std::size_t first_;
  std::size_t end_;  // of the labels still to come
  bool more_ = false;
};

// Whether the suffix whose leftmost label starts at `label_at` is `stored`, a name in wire form and
// lower case.
[[nodiscard]] inline bool suffix_is(WireName name, std::uint32_t label_at, Bytes stored) noexcept {
  const Bytes suffix = name.buffer.subspan(label_at - 1);
  return suffix.size() >= stored.size() && equals_folded(suffix.first(stored.size()), stored);
}
[[nodiscard]] inline bool suffix_is(HostName name, std::uint32_t label_at, Bytes stored) noexcept {
  constexpr std::byte kDot{'.'};
  Bytes text = name.buffer.first(std::size_t{name.at} + name.size).subspan(label_at);
  while (!stored.empty()) {
    const auto size = std::to_integer<std::size_t>(stored[0]);
    // Only final dots may follow the root.
    if (size == 0) return std::ranges::all_of(text, [](std::byte c) { return c == kDot; });
    if (size >= stored.size() || size > text.size()) return false;
    if (!equals_folded(text.first(size), stored.subspan(1, size))) return false;
    text = text.subspan(size);
    stored = stored.subspan(1 + size);
    if (!text.empty()) {
      if (text[0] != kDot) return false;
      text = text.subspan(1);
    }
  }
  return false;  // the stored name has no end: the image is damaged
}

// The three labels at the right of a name: most lookups need no more.
struct LastLabels {
  std::uint32_t count = 0;     // 0 to 3
  bool more = false;           // the name has more labels
  Label first, second, third;  // from the right
};
[[nodiscard]] inline LastLabels last_labels(WireName name) noexcept {
  const std::byte* const bytes = name.buffer.data();
  const std::size_t first = name.at;
  const std::size_t end = std::min(name.buffer.size(), first + name::kMaxNameBytes);
  if (first >= end) return {};
  std::size_t at = first;
  std::size_t last = first;
  std::size_t before = first;
  std::size_t third = first;
  std::size_t all_sizes = 0;
  const auto step = [&](std::size_t size) {
    third = before;
    before = last;
    last = at;
    at += 1 + size;
    all_sizes |= size;
  };
  // A branch predictor cannot know how many labels a name has. So this takes four steps without a
  // branch: steps after the root stay at the root, and a step that would leave the name reads its
  // last byte.
  for (int i = 0; i < 4; ++i) {
    const auto size = std::to_integer<std::size_t>(bytes[std::min(at, end - 1)]);
    const std::size_t moves = std::size_t{0} - static_cast<std::size_t>(size != 0);
    third ^= (third ^ before) & moves;
    before ^= (before ^ last) & moves;
    last ^= (last ^ at) & moves;
    at += (size + 1) & moves;
    all_sizes |= size;
  }
  while (at < end && bytes[at] != std::byte{0}) step(std::to_integer<std::size_t>(bytes[at]));
  if (at >= end || all_sizes > name::kMaxLabelBytes || at == first) return {};
  const std::uint32_t count = last == first ? 1 : before == first ? 2 : 3;
  return {count,
          third != first,
          {last + 1, at - last - 1},
          {before + 1, last - before - 1},
          {third + 1, before - third - 1}};
}
[[nodiscard]] inline LastLabels last_labels(HostName name) noexcept {
  HostLabels labels(name);
  LastLabels last;
  if (labels.next(last.first)) last.count = 1;
  if (last.count == 1 && labels.next(last.second)) last.count = 2;
  if (last.count == 2 && labels.next(last.third)) last.count = 3;
  last.more = !labels.at_start();
  return last;
}

template <typename Source>
struct LabelsOf;
template <>
struct LabelsOf<WireName> {
  using Type = WireLabels;
};
template <>
struct LabelsOf<HostName> {
  using Type = HostLabels;
};

}  // namespace sluice::match
