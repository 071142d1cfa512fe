#pragma once

// What the judges know of the packet at hand, and the room that they work in.

#include <array>
#include <cstddef>
#include <optional>

#include "filters/base/time.h"
#include "filters/flow/tcp_flow.h"
#include "filters/inspect/inspect.h"
#include "filters/packet/packet.h"
#include "filters/policy/policy.h"
#include "gateway/dataplane/frame.h"
#include "gateway/dataplane/verdict.h"
#include "gateway/engine/flow_lookup.h"
#include "gateway/engine/judgement.h"
#include "gateway/engine/snapshot.h"

namespace sluice::engine {

// Told of each finding with its decision, before the verdict. Implementations obey the rules of the
// hot path.
class FindingSink {
 public:
  FindingSink() = default;
  FindingSink(const FindingSink&) = delete;
  FindingSink& operator=(const FindingSink&) = delete;
  virtual ~FindingSink() = default;
  // `packet` is the one that completed the finding; inspect::ends_of says who its client is.
  virtual void on_finding(const packet::Packet& packet, const inspect::Finding& finding,
                          const policy::Decision& decision) noexcept = 0;
  // What a shadow would have done about a finding that on_finding() was told of.
  virtual void on_shadow(const packet::Packet& packet, const inspect::Finding& finding,
                         const policy::Decision& would) noexcept = 0;
  virtual void on_parse_error(inspect::ParseError error) noexcept = 0;
};

inline constexpr std::size_t kMaxPayload = 65535;

// Room for one packet at a time, too large for the stack. One worker owns one.
struct Workbench {
  inspect::Scratch scratch;
  inspect::FindingList findings;
  std::array<std::byte, kMaxPayload> payload;  // of a packet that is rewritten
  craft::DnsRefusal refusal;                   // how a DNS message is refused
  TcpAnswer tcp_answer;
};

// How a packet came in.
struct Arrival {
  Nanos time{0};
  std::optional<io::Side> side;  // where the dataplane knows
  io::ChecksumState checksum = io::ChecksumState::unknown;
};

// Whether a packet's checksum is to be looked at: not where a NIC did, or has yet to fill it in.
[[nodiscard]] inline bool verifies(const Snapshot& snapshot, io::ChecksumState state) noexcept {
  return snapshot.fallbacks.checksums == policy::Checksums::verify &&
         state == io::ChecksumState::unknown;
}

// How the engine judges, whatever the packet.
struct Mode {
  bool enforce = true;  // false: names are found and reported, nothing is blocked
  bool can_rewrite = false;
  flow::Routes routes = flow::Routes::symmetric;
};

struct Context {
  const packet::Packet& packet;
  const FlowLookup& lookup;
  Nanos now;
  const Snapshot& snapshot;
  FindingSink& sink;
  Workbench& bench;
  Mode mode;
  std::optional<io::Side> side;  // where the packet came in, if that is known
  bool verifies_checksums = true;
  bool from_server = false;

  // Whose policy counts.
  [[nodiscard]] const IpAddress& client() const noexcept {
    return from_server ? packet.destination : packet.source;
  }
  // The port that tells what a client's stream is, where its content does not. Port 53 is DNS
  // whatever is configured.
  [[nodiscard]] Port protocol_port() const noexcept {
    return snapshot.dns.has(packet.destination_port) ? inspect::kDnsPort : packet.destination_port;
  }
  // What the receiver discards on arrival must not be judged in place of what it reads.
  [[nodiscard]] bool has_bad_checksum() const noexcept {
    return verifies_checksums && !packet::checksums_hold(packet);
  }
  // This packet can be exchanged for another one on its way.
  [[nodiscard]] bool can_rewrite() const noexcept {
    return mode.can_rewrite && mode.enforce && packet.is_frame_itself() &&
           packet.payload.size() <= kMaxPayload;
  }
  // A copy of the packet's payload to be changed.
  [[nodiscard]] MutableBytes copy_payload() const noexcept;
};

// This packet alone is dropped (unless nothing is enforced).
[[nodiscard]] Judgement drop_packet(const Context& context, Reason reason) noexcept;

// The one place where it is decided what happens to what cannot be judged: as [verdicts] says.
[[nodiscard]] policy::Fallback fallback_for(const policy::Fallbacks& fallbacks,
                                            Reason reason) noexcept;
[[nodiscard]] Judgement cannot_judge(const Context& context, Reason reason) noexcept;

}  // namespace sluice::engine
