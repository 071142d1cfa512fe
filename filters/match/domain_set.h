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

  // One name of the lists, with its rules: `rules_[first_rule, first_rule + rule_count)`, best
  // first.
  struct Node {
    std::uint32_t name_at = 0;  // in names_, wire form with the root
    std::uint32_t first_rule = 0;
    std::uint16_t rule_count = 0;
    std::uint8_t name_size = 0;
    std::uint8_t labels = 0;
  };
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t node = kEmpty;
  };
  static constexpr std::uint32_t kEmpty = 0xffffffffU;

  // The node of the wire name `suffix` with this hash; null: there is none.
  [[nodiscard]] const Node* node_at(std::uint64_t hash, Bytes suffix) const noexcept;
  // Calls `visit(node, whole)` for each suffix of `name` that is in the set, longest first.
  template <typename Visit>
  void visit_covering(const name::Name& name, Visit&& visit) const noexcept;

  HashKey seed_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  std::vector<Node> nodes_;
  std::vector<Rule> rules_;
  std::vector<std::uint32_t> rule_nodes_;  // by RuleId: its node
  std::vector<std::byte> names_;
  std::vector<std::string> apps_;
  std::vector<std::string> lists_;
  std::array<std::uint64_t, 2> depths_{};  // bit d: some name has d labels
};

// `wechat.com`, `=wechat.com`, `@@wechat.com`, `@@=wechat.com`: a rule as a list writes it.
// The first allocates; the second writes into `out`.
[[nodiscard]] std::string rule_text(const DomainSet& set, RuleId id);
using RuleText = std::array<char, name::kMaxTextOctets + 3>;
[[nodiscard]] std::string_view rule_text(const DomainSet& set, RuleId id, RuleText& out) noexcept;

}  // namespace sluice::match
