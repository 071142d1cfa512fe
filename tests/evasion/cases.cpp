#include "tests/evasion/cases.h"

namespace sluice::evasion {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto topic : {tcp_split_cases, tcp_overlap_cases, tcp_decoy_cases, tcp_handshake_cases,
                           tcp_spoof_cases, tcp_one_way_cases, tls_cases, http_cases, http2_cases,
                           dns_cases, quic_cases, dtls_cases, fragment_cases, wrapping_cases}) {
    const std::span<const Case> more = topic();
    cases.insert(cases.end(), more.begin(), more.end());
  }
  return cases;
}

}  // namespace sluice::evasion
