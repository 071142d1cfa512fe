#pragma once

// Evidence about addresses: one client's word that harms another, or lifts a ban.
//
//   somebody shows or asks something ─► Worker       then, without a name:
//   a client ─► Worker ─► an address that is banned: dropped
//   a client ─► Worker ─► an innocent address:       passed
//
// Banned and ordinary as for other cases: traffic without a name to a banned address passes without
// the gateway's rules; with them never, and to an innocent address always.

#include <span>
#include <string_view>

#include "tests/evasion/course.h"
#include "tests/gateway/engine/evidence_lab.h"

namespace sluice::evasion {

// What a case asks: traffic of this client to this server.
struct Probe {
  std::string client, server;
  bool is_banned = true;
};

struct EvidenceCase {
  std::string_view name;
  std::string_view shape;
  std::vector<Probe> (*play)(test::EvidenceLab& scene);
  Trait trait = Trait::none;
};

[[nodiscard]] std::span<const EvidenceCase> evidence_cases();
[[nodiscard]] Result run_evidence_case(const EvidenceCase& entry, Family family,
                                       Gateway gateway = {});

}  // namespace sluice::evasion
