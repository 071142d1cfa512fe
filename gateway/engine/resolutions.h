#pragma once

// Addresses of banned names as a resolver found them, apart from any traffic: immutable once
// published, read by workers.
//
// Time is the wall clock's, as the packets of a live dataplane have it.
// Cost of find(): a binary search. Only the constructor allocates.

#include <cstdint>
#include <span>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/time.h"
#include "filters/name/name.h"
#include "gateway/engine/answer_addresses.h"

namespace sluice::engine {

struct ResolvedAddress {
  IpAddress address;
  std::uint32_t name = 0;  // one of the names that lead there, by its place in Resolutions::names
  Nanos expires{0};
  std::uint32_t evidence = 1;  // how many of the app's names lead there
  AppTag app{};                // whose rules ban the name
};

class Resolutions {
 public:
  Resolutions() = default;
  // Addresses in any order, the same ones several times. REQUIRES: places inside `names`.
  Resolutions(std::vector<name::Name> names, std::vector<ResolvedAddress> addresses);

  // One for each app with a name that leads there. Some may have expired.
  [[nodiscard]] std::span<const ResolvedAddress> find(const IpAddress& address) const noexcept;
  [[nodiscard]] const name::Name& name_of(const ResolvedAddress& found) const noexcept {
    return names_[found.name];
  }
  [[nodiscard]] std::size_t addresses() const noexcept { return count_; }

 private:
  std::vector<name::Name> names_;
  std::vector<ResolvedAddress> addresses_;  // by address and app, each pair once
  std::size_t count_ = 0;                   // of different addresses
};

}  // namespace sluice::engine
