#pragma once

// The set of domain names that the lists hold: immutable, const, read by any number of threads.
//
// Answers "which entries cover this name?", longest first; at equal length an exception comes
// first, and an exact entry before a suffix. Suffix entries cover at label borders only:
// `example.com` covers `a.example.com`, never `notexample.com`. A hash hit is verified against the
// stored name: there are no false positives. The hash is keyed with a seed that the builder drew;
// the longest probe is bounded by the builder. Cost: no allocation, no exceptions, no lock; one
// probe a label of the name.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/match/rule.h"
#include "filters/name/name.h"

namespace sluice::match {

// Entries that cover one name, best first. Bounded: further ones are not reported (`overflow`).
struct MatchList {
  static constexpr std::size_t kCapacity = 32;
  std::array<Match, kCapacity> items;
  std::size_t count = 0;
  bool overflow = false;
};

class DomainSet {
 public:
  // The empty set.
  DomainSet();

  // The longest entry that covers `name`, exception or not.
  [[nodiscard]] Match find(const name::Name& name) const noexcept;
  // All entries that cover `name`. A miss costs the same as find().
  void find_all(const name::Name& name, MatchList& matches) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  // REQUIRES: an id that this set gave out.
  [[nodiscard]] const Rule& rule(RuleId id) const noexcept;
  [[nodiscard]] name::Name rule_name(RuleId id) const noexcept;
  [[nodiscard]] std::string_view app_name(AppId id) const noexcept;  // "*" for AppId::kAny
  [[nodiscard]] std::string_view list_name(ListId id) const noexcept;
  [[nodiscard]] std::size_t app_count() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class DomainSetBuilder;
  // Layout: see domain_set.cpp. (filled in by the implementer)
};

// `wechat.com`, `=wechat.com`, `@@wechat.com`, `@@=wechat.com`: a rule as a list writes it.
// Allocates.
[[nodiscard]] std::string rule_text(const DomainSet& set, RuleId id);

}  // namespace sluice::match
