#pragma once

// SVCB and HTTPS records (RFC 9460): the target, and the parameters that we act on.
//
//   RDATA: | priority | target name | key | length | value | key | length | value | …
//            2          0 = owner     2     2        …       keys in strictly ascending order
//
// Pure views into the message; no allocation, no exceptions. Strict as clients are: they ignore the
// whole set if the order or a length is wrong (section 2.2). Priority 0 is AliasMode: its
// parameters have no meaning (section 2.4.2) and are not read.

#include <cstdint>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/dns/message.h"

namespace sluice::dns {

inline constexpr std::size_t kIpv4Bytes = 4;
inline constexpr std::size_t kIpv6Bytes = 16;

// NOLINTNEXTLINE(performance-enum-size): as wide as on the wire
enum class ServiceKey : std::uint16_t {
  mandatory = 0,
  alpn = 1,
  no_default_alpn = 2,
  port = 3,
  ipv4hint = 4,
  ech = 5,  // RFC 9848
  ipv6hint = 6,
};

struct ServiceBinding {
  std::uint16_t priority = 0;  // 0: AliasMode
  name::Name target;           // the root: the owner itself (or, in AliasMode, no service)
  Bytes mandatory;             // keys that a client must understand
  Bytes ipv4_hints;            // whole addresses, one after the other
  Bytes ipv6_hints;
  Bytes ech;               // the parameter with its key and length; empty: absent
  std::size_t ech_at = 0;  // its offset in the message
};

[[nodiscard]] constexpr bool is_service_binding(RecordType type) noexcept {
  return type == RecordType::svcb || type == RecordType::https;
}

// nullopt: malformed. REQUIRES: is_service_binding(record.type).
[[nodiscard]] std::optional<ServiceBinding> read_service_binding(Bytes message,
                                                                 const Record& record,
                                                                 JumpsLeft& jumps) noexcept;
[[nodiscard]] inline std::optional<ServiceBinding> read_service_binding(
    Bytes message, const Record& record) noexcept {
  JumpsLeft jumps = kMaxJumps;
  return read_service_binding(message, record, jumps);
}

}  // namespace sluice::dns
