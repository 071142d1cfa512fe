#pragma once

// Sets of apps and of lists, by their ids in a DomainSet. Values.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "filters/match/rule.h"

namespace sluice::policy {

// A set of apps, by AppId::index.
class AppMask {
 public:
  // AppId::kAny is no app: it adds none.
  void add(match::AppId app) noexcept {
    if (app.index < match::kMaxApps) bits_ |= std::uint64_t{1} << app.index;
  }
  void add(AppMask others) noexcept { bits_ |= others.bits_; }
  void remove(AppMask others) noexcept { bits_ &= ~others.bits_; }
  [[nodiscard]] bool has(match::AppId app) const noexcept {
    return app.index < match::kMaxApps && (bits_ >> app.index & 1) != 0;
  }
  [[nodiscard]] bool has_any(AppMask others) const noexcept { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }
  [[nodiscard]] static AppMask all() noexcept {
    AppMask mask;
    mask.bits_ = ~std::uint64_t{0};
    return mask;
  }
  friend bool operator==(AppMask, AppMask) = default;

 private:
  std::uint64_t bits_ = 0;
};

// A set of lists, by ListId::index. Only add() and the operators allocate.
class ListMask {
 public:
  void add(match::ListId list) {
    if (list.index / kBits >= words_.size()) words_.resize(list.index / kBits + 1U);
    words_[list.index / kBits] |= std::uint64_t{1} << list.index % kBits;
  }
  [[nodiscard]] bool has(match::ListId list) const noexcept {
    const std::size_t word = list.index / kBits;
    return word < words_.size() && (words_[word] >> list.index % kBits & 1) != 0;
  }
  [[nodiscard]] bool empty() const noexcept {
    return std::ranges::all_of(words_, [](std::uint64_t word) { return word == 0; });
  }
  ListMask& operator|=(const ListMask& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  ListMask& operator&=(const ListMask& other) {
    words_.resize(std::min(words_.size(), other.words_.size()));
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }

 private:
  static constexpr std::size_t kBits = 64;
  std::vector<std::uint64_t> words_;
};

}  // namespace sluice::policy
