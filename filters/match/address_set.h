#pragma once

// The address rules of a domain set: which of them hold an address, longest prefix first?
//
//   rules     10.0.0.0/8 (A), 10.1.0.0/16 (B, inside A)
//   segments  :: none | 10.0.0.0 A | 10.1.0.0 B | 10.2.0.0 A | 11.0.0.0 none
//
// Two prefixes nest or are disjoint, so n of them cut the address space (IPv4 is ::ffff:0:0/96 of
// it) into at most 2n + 1 segments. A segment knows its longest prefix, and a prefix the next
// shorter one around it. Cost of a lookup: a binary search over the segments, then one step a
// prefix. Only the constructor allocates. Immutable, read by any number of threads. The rules stay
// in the image (with an overlay that changes some, all are copied): an AddressSet is valid as long
// as the image of its DomainSet is.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/base/nat64.h"
#include "filters/match/domain_set.h"
#include "filters/match/rule.h"

namespace sluice::match {

class AddressSet {
 public:
  // Called with the rules whose prefix holds an address, until it returns false.
  using Visit = FunctionRef<bool(const Match&)>;

  AddressSet() noexcept = default;
  // Gives out the rule ids of `set`.
  explicit AddressSet(const DomainSet& set, const Nat64& nat64 = {});

  // Longest prefix first; at equal length exceptions first. Of an address behind NAT64, its own
  // rules and then those of the IPv4 address that it stands for.
  void find_all(const IpAddress& address, Visit visit) const noexcept;

  // The IPv4 address that a server behind NAT64 has; none: it is reached at its own.
  [[nodiscard]] std::optional<IpAddress> behind_nat64(const IpAddress& address) const noexcept {
    return nat64_.embedded(address);
  }

  // Those of the rules, shorter ones before what they hold. Allocates.
  [[nodiscard]] std::vector<IpPrefix> prefixes() const;
  [[nodiscard]] const Nat64& nat64() const noexcept { return nat64_; }

  [[nodiscard]] bool empty() const noexcept { return prefixes_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return prefixes_.size(); }  // different ones

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  struct Prefix {
    std::uint32_t around = kNone;      // the next shorter prefix, which holds this one
    std::uint32_t first = 0, end = 0;  // its rules in rules_
  };
  struct Segment {
    IpAddress first;
    std::uint32_t prefix = kNone;
  };
  class Sweep;
  // The rules of an image and its overlay, with their ids.
  struct Merged {
    std::vector<SluiceAddressRule> rules;
    std::vector<RuleId> ids;
  };
  [[nodiscard]] RuleId id_of(std::uint32_t rule) const noexcept;

  // False: `visit` has had enough.
  bool visit_all(const IpAddress& address, Visit visit) const noexcept;

  std::vector<Segment> segments_;  // by address; a segment ends where the next one starts
  std::vector<Prefix> prefixes_;
  std::span<const SluiceAddressRule> rules_;  // of the image, or of `merged_`
  std::shared_ptr<const Merged> merged_;      // null: no overlay changes addresses
  Nat64 nat64_ = Nat64::none();
};

}  // namespace sluice::match
