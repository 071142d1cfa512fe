#pragma once

// Which names to resolve for a ban, and which addresses of an answer are a banned name's own.
// Allocates; not for workers.

#include <cstdint>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/dns/response.h"
#include "filters/match/domain_set.h"
#include "filters/name/name.h"

namespace sluice::endpoints {

struct Backends {
  std::vector<name::Name> names;
  std::uint64_t left_out = 0;  // over the bound
};
// The names of rules that are no globs, exceptions or pseudo-names: exact ones and the tops of
// suffixes. By list and line, at most `most`, each once.
[[nodiscard]] Backends backends_of(const match::DomainSet& domains, std::size_t most);

struct FoundAddress {
  IpAddress address;
  std::uint32_t ttl = 0;
};
inline constexpr std::size_t kMostAddresses = 64;  // of one answer

// Addresses and hints in the answer section that belong to banned names. `response` is scratch.
// Error: no answer that can be read.
[[nodiscard]] Result<std::vector<FoundAddress>, dns::ResponseError> addresses_in(
    Bytes message, const match::DomainSet& domains, dns::Response& response);

}  // namespace sluice::endpoints
