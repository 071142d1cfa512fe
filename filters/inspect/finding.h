#pragma once

// Finding: a name seen on the wire, and where. It says what the traffic shows; a Decision
// (policy/policy.h) says what to do.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/name/name.h"

namespace sluice::inspect {

// The only place where a protocol is named.
#define SLUICE_PROTOCOLS(X)                                                       \
  X(dns)                                                                          \
  X(tls) /* and DTLS */                                                           \
  X(quic)                                                                         \
  X(http)                                                                         \
  X(mmtls) /* Tencent's own TLS: it shows no name, so the protocol is the sign */ \
  X(ip)    /* none that names a server: the address alone */

enum class Protocol : std::uint8_t {
#define SLUICE_X(protocol) protocol,
  SLUICE_PROTOCOLS(SLUICE_X)
#undef SLUICE_X
};
#define SLUICE_X(protocol) +1
inline constexpr std::size_t kProtocols = 0 SLUICE_PROTOCOLS(SLUICE_X);
#undef SLUICE_X
[[nodiscard]] std::string_view to_string(Protocol protocol) noexcept;

enum class Source : std::uint8_t {
  question,     // of a DNS query
  answer,       // a target in a DNS response
  server_name,  // TLS and QUIC
  host,         // HTTP
  signature,    // a protocol that only one app speaks
  address,      // of the server, where the flow shows no name
};

struct Finding {
  Protocol protocol = Protocol::dns;
  Source source = Source::question;
  name::Name name;       // canonical, without a port: what is matched
  std::string_view raw;  // as sent by TLS or HTTP (port kept); a view into the packet or the
                         // worker's scratch, valid until the next packet. Empty for DNS.
  const name::Name* asked = nullptr;  // answer: what the question names; valid as long as `raw`
  std::uint16_t qtype = 0;            // DNS
  bool has_ech = false;               // TLS
  std::uint32_t evidence = 0;  // address: how often it was seen under a banned name; 0: listed

  // As constructed. The name's bytes need not be written again.
  void clear() noexcept {
    protocol = Protocol::dns;
    source = Source::question;
    name.clear();
    raw = {};
    asked = nullptr;
    qtype = 0;
    has_ech = false;
    evidence = 0;
  }
};

// Findings of one packet. Bounded: a fixed array, reused by its worker.
class FindingList {
 public:
  static constexpr std::size_t kCapacity = 24;

  void clear() noexcept { count_ = 0; }
  // Appends an empty one and returns it; null when full.
  [[nodiscard]] Finding* add() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const Finding& operator[](std::size_t i) const noexcept { return items_[i]; }
  [[nodiscard]] const Finding* begin() const noexcept { return items_.data(); }
  [[nodiscard]] const Finding* end() const noexcept { return items_.data() + count_; }

 private:
  std::array<Finding, kCapacity> items_;
  std::size_t count_ = 0;
};

// Whether a finding names a server: an address (`Host: 192.0.2.1`) or a signature does not.
[[nodiscard]] bool shows_name(const FindingList& findings) noexcept;

}  // namespace sluice::inspect
