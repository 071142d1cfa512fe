#pragma once

// Names to look up, in two forms, so that each matcher gets the one that suits it.
//
//   text     . a . c o m \n . w w w . b . d e \n …     text(i): without the characters around it
//   packets  | 12 bytes | 1 a 3 c o m 0 | 12 bytes | …   as in the question of a DNS message
//
// A slice is a view. REQUIRES: the Queries outlive it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/matcher/data.h"
#include "benchmarks/matcher/names.h"
#include "benchmarks/matcher/reference.h"
#include "filters/base/bytes.h"

namespace sluice::bench {

class QuerySlice {
 public:
  static constexpr std::uint32_t kNameAt = 12;  // in a packet

  struct Place {
    std::uint32_t text_at = 0;
    std::uint32_t packet_at = 0;
  };
  // The last of `places` is the end of the last name.
  QuerySlice(std::string_view text, Bytes packets, std::span<const Place> places) noexcept
      : text_(text), packets_(packets), places_(places) {}

  [[nodiscard]] std::size_t size() const noexcept { return places_.size() - 1; }
  [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
    return {text_.data() + places_[i].text_at + 1,
            places_[i + 1].text_at - places_[i].text_at - 2U};
  }
  // `.name\n`: a substring matcher finds `.rule\n` in it if the rule covers the name.
  [[nodiscard]] std::string_view framed(std::size_t i) const noexcept { return framed(i, 1); }
  [[nodiscard]] std::string_view framed(std::size_t i, std::size_t count) const noexcept {
    return {text_.data() + places_[i].text_at, places_[i + count].text_at - places_[i].text_at};
  }
  [[nodiscard]] Bytes packet(std::size_t i) const noexcept {
    return {packets_.data() + places_[i].packet_at,
            places_[i + 1].packet_at - places_[i].packet_at};
  }
  [[nodiscard]] QuerySlice slice(std::size_t from, std::size_t count) const noexcept {
    return {text_, packets_, places_.subspan(from, count + 1)};
  }

 private:
  std::string_view text_;
  Bytes packets_;
  std::span<const Place> places_;
};

class Queries {
 public:
  Queries() : places_(1) {}
  void add(std::string_view name, bool covered);

  [[nodiscard]] std::size_t size() const noexcept { return covered_.size(); }
  [[nodiscard]] QuerySlice all() const noexcept { return {text_, packets_, places_}; }
  // The answer of the reference.
  [[nodiscard]] bool covered(std::size_t i) const noexcept { return covered_[i]; }

 private:
  std::string text_;
  std::vector<std::byte> packets_;
  std::vector<QuerySlice::Place> places_;
  std::vector<bool> covered_;
};

// `count` names, of which exactly `hits` are covered, in random order.
//   hits    rules, uniformly; half of them with labels in front
//   misses  popular names that no rule covers: half from the head by Zipf (weight 1 / rank), half
//           from the tail, uniformly; half of them with labels in front
[[nodiscard]] Queries make_queries(const Names& rules, const Popular& popular,
                                   const Reference& reference, std::size_t count, std::size_t hits,
                                   std::uint64_t seed);

}  // namespace sluice::bench
