#include "gateway/endpoints/backends.h"

#include <algorithm>
#include <tuple>

#include "filters/match/pseudo_name.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/lease_table.h"

namespace sluice::endpoints {

Backends backends_of(const engine::Ban& ban, std::size_t most) {
  const match::DomainSet& domains = ban.domains;
  struct Place {
    std::uint16_t list;
    std::uint32_t line;
    match::RuleId rule;
  };
  std::vector<Place> places;
  domains.for_each_rule([&](match::RuleId id) {
    const match::Rule rule = domains.rule(id);
    const bool is_name = !rule.is_glob && !match::is_exception(rule.kind) &&
                         !domains.rule_range(id) && !match::signature_of(domains.rule_wire(id));
    if (is_name) places.push_back({rule.list.index, rule.line, id});
  });
  std::ranges::sort(places, {}, [](const Place& place) {
    return std::tuple(place.list, place.line, place.rule.index);
  });
  Backends backends;
  for (const Place& place : places) {
    if (backends.names.size() == most) {
      ++backends.left_out;
      continue;
    }
    const name::Name name = domains.rule_name(place.rule);
    // The name may be in several apps, and an exception may let it through.
    const bool known = std::ranges::find(backends.names, name) != backends.names.end();
    if (!known && engine::is_banned(ban, name)) backends.names.push_back(name);
  }
  return backends;
}

Result<std::vector<FoundAddress>, dns::ResponseError> addresses_in(Bytes message,
                                                                   const engine::Ban& ban,
                                                                   dns::Response& response) {
  if (const auto parsed = dns::parse_response(message, response); !parsed) {
    return fail(parsed.error());
  }
  std::vector<FoundAddress> found;
  const auto take = [&](const IpAddress& address, std::uint32_t ttl) {
    if (!is_reserved(address)) found.push_back({address, ttl});
    return found.size() < kMostAddresses;
  };
  engine::for_each_address_of(message, response, ban, true, take);
  return found;
}

}  // namespace sluice::endpoints
