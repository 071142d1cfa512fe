#pragma once

// The register of evasions. Each has a name, its shape on the wire, the payloads that it is tried
// with, and a builder that returns one script or many (for example a split at every byte).

#include <span>
#include <string_view>
#include <vector>

#include "tests/evasion/payload.h"
#include "tests/evasion/script.h"

namespace sluice::evasion {

using Scripts = std::vector<Script>;

enum class Trait : std::uint8_t {
  none,
  no_ordinary,  // no ordinary client does this, so collateral damage is not measured
  // The client contradicts itself, and the copy that went first is lost behind the gateway, or
  // cannot be rewritten (QUIC, DTLS): its connection breaks, whatever name it wants.
  breaks_evader,
};

[[nodiscard]] constexpr bool asks_for_ordinary(Trait trait) {
  return trait == Trait::none;
}

struct Case {
  std::string_view name;   // topic.evasion
  std::string_view shape;  // on the wire
  std::vector<Kind> kinds;
  Scripts (*build)(const Payload& payload);
  Trait trait = Trait::none;
};

inline const std::vector<Kind> kEveryKind(std::begin(kKinds), std::end(kKinds));
inline const std::vector<Kind> kDnsKinds{Kind::dns, Kind::dns_udp};
inline const std::vector<Kind> kTlsKinds{Kind::tls, Kind::tls_post_quantum};

// Places to cut a stream: every byte; in long streams those around the name and a sample of the
// rest.
[[nodiscard]] std::vector<std::size_t> cuts_of(const Payload& payload);

// By topic, in the order in which they are printed.
[[nodiscard]] std::span<const Case> tcp_split_cases();
[[nodiscard]] std::span<const Case> tcp_overlap_cases();
[[nodiscard]] std::span<const Case> tcp_decoy_cases();
[[nodiscard]] std::span<const Case> tcp_handshake_cases();
[[nodiscard]] std::span<const Case> tcp_spoof_cases();
[[nodiscard]] std::span<const Case> tcp_one_way_cases();
[[nodiscard]] std::span<const Case> tls_cases();
[[nodiscard]] std::span<const Case> http_cases();
[[nodiscard]] std::span<const Case> http2_cases();
[[nodiscard]] std::span<const Case> dns_cases();
[[nodiscard]] std::span<const Case> quic_cases();
[[nodiscard]] std::span<const Case> dtls_cases();
[[nodiscard]] std::span<const Case> fragment_cases();
[[nodiscard]] std::span<const Case> wrapping_cases();

[[nodiscard]] std::vector<Case> all_cases();

}  // namespace sluice::evasion
