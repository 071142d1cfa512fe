#pragma once

// What the tests of DNS answers share, over UDP and over TCP.

#include <string_view>

#include "tests/gateway/engine/lab.h"
#include "tests/support/dns_response.h"

namespace sluice::test {

[[nodiscard]] inline DnsResponse alias_of(std::string_view target) {
  return DnsResponse("www.a.example").cname("www.a.example", target).a(target, "203.0.113.9");
}
[[nodiscard]] inline LabOptions ech(policy::Ech what,
                                    policy::Action action = policy::Action::drop) {
  LabOptions options{.action = action};
  options.fallbacks.ech = what;
  return options;
}

}  // namespace sluice::test
