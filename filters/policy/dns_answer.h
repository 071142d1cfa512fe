#pragma once

// How a policy that rejects answers DNS questions: `answer` in the configuration. A value.

#include <cstdint>
#include <optional>

#include "filters/base/ip_address.h"

namespace sluice::policy {

enum class DnsAnswerKind : std::uint8_t {
  nxdomain,  // there is no such name
  nodata,    // the name has no records of this type
  refused,   // the server does not answer this; clients may ask another one
  sinkhole,  // an address of the operator; other types have no records
};

struct DnsAnswer {
  DnsAnswerKind kind = DnsAnswerKind::nxdomain;
  std::optional<IpAddress> ipv4, ipv6;  // of the sinkhole
};

}  // namespace sluice::policy
