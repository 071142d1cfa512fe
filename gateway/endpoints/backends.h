#pragma once

// The names to resolve for a ban, and the addresses in an answer that belong to banned names.
// Pure functions. Cost: allocate; not for workers.

#include <cstdint>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/dns/response.h"
#include "filters/name/name.h"
#include "gateway/engine/answer_addresses.h"

namespace sluice::endpoints {

struct Backends {
  std::vector<name::Name> names;
  std::uint64_t left_out = 0;  // names beyond the bound
};
// The names of exact rules and of suffix rules, each once, ordered by list and line, `most` at
// most. Globs, exceptions and pseudo-names are left out.
[[nodiscard]] Backends backends_of(const engine::Ban& ban, std::size_t most);

struct FoundAddress {
  IpAddress address;
  std::uint32_t ttl = 0;
};
inline constexpr std::size_t kMostAddresses = 64;  // from one answer

// Addresses and hints in the answer section that belong to banned names. `response` is scratch
// space. Error: the answer cannot be parsed.
[[nodiscard]] Result<std::vector<FoundAddress>, dns::ResponseError> addresses_in(
    Bytes message, const engine::Ban& ban, dns::Response& response);

}  // namespace sluice::endpoints
