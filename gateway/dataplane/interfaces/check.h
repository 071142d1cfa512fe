#pragma once

// What a check of the host or of an interface found, as a value: what was looked at, how it went,
// how much that matters to one kind of dataplane, and the command that mends it. Pure; allocates.
//
// A new kind of dataplane is a column of the table in check.cpp: what each check means to it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dataplane/kind.h"

namespace sluice::io {

enum class Severity : std::uint8_t {
  note,    // worth knowing
  slows,   // traffic goes through, slower than it could
  risks,   // some traffic may be lost, or go around the gateway: the network decides
  breaks,  // traffic is lost for certain: `sluice run` does not start
};

enum class Check : std::uint8_t {
  // The host.
  kernel,          // is new enough
  btf,             // the kernel describes its types
  bpf,             // programs and maps may be made
  bpf_jit,         // programs run compiled
  bpf_filesystem,  // is mounted, for pinned maps
  xdp_sockets,     // may be opened
  locked_memory,   // its limit has room for the buffers of AF_XDP
  packet_queues,   // the firewall can queue packets for a process (NFQUEUE)
  privileges,      // of this process
  cpu_governor,    // does not slow processors down
  cpus,
  memory,
  // Both interfaces.
  named,     // the configuration names it
  distinct,  // inside and outside differ
  same_mtu,
  // One interface.
  exists,
  up,
  ethernet,
  carrier,
  no_master,        // no bridge or bond of the kernel owns it
  driver,           // which it is
  no_merging,       // receive offloads (GRO, LRO) do not merge frames beyond the MTU
  no_lro,           // LRO, for which drivers refuse native XDP
  native_xdp,       // the driver runs XDP programs itself
  redirect_target,  // frames can be redirected to it
  xdp_mtu,          // native XDP takes it
  vlan_tags,        // XDP programs see them
  queues,
  flow_hash,           // what spreads flows over queues
  promiscuous,         // takes frames for other stations
  finished_checksums,  // a veth's other end sends whole frames
  no_address,          // of its own
  no_link_local,       // IPv6 addresses that the kernel gives it
  no_forwarding,       // by the kernel's own router
  forwarding,          // likewise, where it is wanted
  bridge_filter,       // the firewall sees the packets of its bridge
  bridge_tags,         // and those in VLAN tags and PPPoE
  no_program,          // another XDP program
};

// A program and its arguments; no shell reads them. Empty: no command can mend it.
struct Command {
  std::vector<std::string> words;
  // `doctor --fix` may run it: it cannot end traffic that does not go through the gateway.
  bool is_safe = false;
};

struct CheckResult {
  // unknown: it cannot be told here and now; `found` says why.
  enum class Outcome : std::uint8_t { ok, failed, unknown };

  Check what = Check::named;
  std::string subject;  // `host`, an interface, or `inside`, `outside` if it has no name
  Outcome outcome = Outcome::ok;
  Severity severity = Severity::note;  // if it failed
  std::string found;                   // `is down`; `Linux 6.1.0`; may be empty if all is well
  Command command;                     // if it failed

  // Wrong for this kind of dataplane: more than a note.
  [[nodiscard]] bool is_finding() const noexcept {
    return outcome == Outcome::failed && severity != Severity::note;
  }
};

[[nodiscard]] std::string_view to_string(Severity severity) noexcept;  // `breaks`
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;          // `pcap`
[[nodiscard]] std::optional<Kind> kind_of(std::string_view word) noexcept;
[[nodiscard]] std::string_view id_of(Check check) noexcept;      // `up`, for machines
[[nodiscard]] std::string_view to_string(Check check) noexcept;  // `is up`
// As one would type it: words that a shell would take apart are in quotes.
[[nodiscard]] std::string to_string(const Command& command);
// `eth1: is down; run: ip link set eth1 up`, or `eth1: is up: ok`
[[nodiscard]] std::string to_string(const CheckResult& result);

// What a failed check means to a kind of dataplane. None: it need not be made.
[[nodiscard]] std::optional<Severity> severity_of(Check check, Kind kind) noexcept;
// Those to which it is more than a note.
[[nodiscard]] std::vector<Kind> matters_to(Check check);
// It is a note to this kind, because only others have a use for it.
[[nodiscard]] bool matters_to_others(Check check, Kind kind);

// The failed ones that break traffic, a line each. Empty: none does.
[[nodiscard]] std::string problems_of(std::span<const CheckResult> results);

// Collects results for one kind of dataplane.
class CheckList {
 public:
  explicit CheckList(Kind kind) noexcept : kind_(kind) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // Nothing is recorded if the kind has no use for the check.
  void ok(Check what, const std::string& subject, std::string found = {});
  void unknown(Check what, const std::string& subject, std::string why);
  // `at_most`: it matters less than the table says.
  void failed(Check what, const std::string& subject, std::string found, Command command = {},
              Severity at_most = Severity::breaks);
  // ok() or failed(), without `found` if all is well; returns `holds`.
  bool add(Check what, const std::string& subject, bool holds, std::string problem,
           Command command = {});
  [[nodiscard]] std::vector<CheckResult> take() { return std::move(results_); }

 private:
  CheckResult* append(Check what, const std::string& subject);

  Kind kind_;
  std::vector<CheckResult> results_;
};

}  // namespace sluice::io
