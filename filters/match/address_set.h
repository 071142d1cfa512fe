#pragma once

// The address rules of a domain set, by address: which of them hold this one, longest prefix first?
//
//   10.0.0.0/8 (A), 10.1.0.0/16 (B)    segments: 0.0.0.0 none | 10.0.0.0 A | 10.1.0.0 B | 10.2.0.0
//   A |
//                                                11.0.0.0 none;   B lies in A
//
// Prefixes nest or are apart, so they cut the address space (IPv4 is ::ffff:0:0/96 of it) into at
// most 2n + 1 segments; each knows the longest prefix over it, and that one the next longer range.
// Cost: a binary search over the segments, then a step a prefix; nothing where there are none.
// Immutable, read by any number of threads; only the constructor allocates.

#include <cstdint>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/match/domain_set.h"
#include "filters/match/rule.h"

namespace sluice::match {

class AddressSet {
 public:
  // Called with the rules whose prefix holds an address, until it says false.
  using Visit = FunctionRef<bool(const Match&)>;

  AddressSet() noexcept = default;
  // Of the rules of `set`, whose ids it gives out; looks at each rule once.
  explicit AddressSet(const DomainSet& set);

  // Longest prefix first; at equal length exceptions first.
  void find_all(const IpAddress& address, Visit visit) const noexcept;

  [[nodiscard]] bool empty() const noexcept { return prefixes_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return prefixes_.size(); }  // different ones

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  struct Prefix {
    std::uint32_t around = kNone;      // the next longer range that holds this one
    std::uint32_t first = 0, end = 0;  // its rules
  };
  struct Segment {
    IpAddress first;
    std::uint32_t prefix = kNone;
  };
  class Sweep;

  std::vector<Segment> segments_;  // by address; each ends where the next one starts
  std::vector<Prefix> prefixes_;
  std::vector<Match> rules_;
};

}  // namespace sluice::match
