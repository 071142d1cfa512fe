#pragma once

// What the configuration says of the NFQUEUE dataplane. Pure.

#include <cstdint>

#include "gateway/dataplane/on_failure.h"

namespace sluice::io {

// Who installs the rules that lead packets into the queues.
enum class RuleTool : std::uint8_t {
  automatic,  // nftables where the kernel has its `queue`, else iptables
  nftables,
  iptables,
  none,  // somebody else: `sluice rules --print` shows them
};

struct NfqueueSettings {
  static constexpr std::uint32_t kMarkMask = 0x70000000;

  OnFailure on_failure = OnFailure::open;
  std::uint32_t first_queue = 100;      // the others follow, one for each worker
  std::uint32_t mark_mask = kMarkMask;  // bits of packet and connection marks that are ours
  RuleTool rules = RuleTool::automatic;
  bool keep_rules = false;       // when the gateway ends
  bool local = false;            // packets of this host itself, too
  bool flowtable = true;         // decided connections go past the rules, where the kernel can
  std::uint32_t packets = 4096;  // that may wait in one queue
};

}  // namespace sluice::io
