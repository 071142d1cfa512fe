#pragma once

// The rules of the kernel's firewall that lead packets into our queues, as text for `nft -f` and
// for iptables-restore. README.md has the picture.
//
// They stand in a table (nftables) or in chains (iptables) of our own, which one step puts in place
// of what was there, and behind the rules of others: what a firewall drops is never judged. They
// say the same in both languages, and go on when the gateway is gone: decided connections as they
// were decided, the rest by `bypass`. Pure; allocates.

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/dataplane/marks.h"

namespace sluice::io {

struct RuleSettings {
  std::string inside;  // interface names; inside empty: all but the outside
  std::string outside;
  std::uint16_t first_queue = 0;
  std::uint16_t queues = 1;  // one for each worker
  bool bypass = false;       // packets pass if nobody listens to their queue
  Marks marks;
  bool local = false;      // packets from and to this host, too
  bool flowtable = false;  // nftables: decided connections take the kernel's short way
  bool bridged = false;    // both interfaces are ports of a bridge of this host; iptables alone
};

// Error: what is wrong with the settings. Names of interfaces are the only text from outside, and
// no character with a meaning gets into a script.
[[nodiscard]] Result<void, std::string> check_rules(const RuleSettings& settings);

// Its expressions do not name the ports of a bridge where the firewall sees its packets.
inline constexpr std::string_view kBridgeNeedsIptables =
    "the interfaces are ports of a bridge: its rules need iptables (`physdev`)";

// REQUIRES of all: check_rules(). Of these two: not bridged.
[[nodiscard]] std::string nftables_rules(const RuleSettings& settings);
[[nodiscard]] std::string nftables_removal();

enum class Family : std::uint8_t { ipv4, ipv6 };

// From iptables' built-in chains to ours.
struct Jumps {
  bool own = false;  // raw OUTPUT
  bool forward = false, input = false, output = false;
};
// `present`: jumps that are there already; those that are not wanted any more go.
[[nodiscard]] std::string iptables_rules(const RuleSettings& settings, Family family,
                                         const Jumps& present);
// Of chains that are there.
[[nodiscard]] std::string iptables_removal(const Jumps& present);

}  // namespace sluice::io
