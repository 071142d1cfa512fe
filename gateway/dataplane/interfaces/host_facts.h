#pragma once

// What was read of the host. A value: tests make up hosts.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::io {

struct HostFacts {
  // How a try of something that the kernel may lack, or may not allow, went.
  enum class Access : std::uint8_t { works, absent, denied };

  // Effective capabilities of this process; CAP_SYS_ADMIN implies `bpf` and `perfmon`.
  struct Privileges {
    bool net_admin = false;
    bool net_raw = false;
    bool bpf = false;
    bool perfmon = false;
    bool ipc_lock = false;
  };

  struct Version {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const Version&) const = default;
  };

  std::string release;  // `6.1.0-27-amd64`
  Version kernel;
  bool has_btf = false;
  Access bpf = Access::absent;
  std::optional<bool> bpf_jit;  // none: it cannot be read here
  bool has_bpf_filesystem = false;
  Access xdp_sockets = Access::absent;
  Access packet_queues = Access::absent;
  // What the firewall sees of a bridge's frames (br_netfilter).
  struct BridgeFilter {
    bool exists = false;
    bool ipv4 = false, ipv6 = false;
    bool vlan = false, pppoe = false;  // in these headers
  } bridge_filter = {};
  std::optional<std::uint64_t> locked_memory;  // bytes; none: without limit
  Privileges privileges;
  std::string slow_governor;  // of processors that do not run at full speed; empty: none
  std::size_t slow_cpus = 0;  // how many
  std::size_t cpus = 1;
  std::uint64_t memory = 0;            // bytes
  std::uint64_t memory_available = 0;  // bytes
};

}  // namespace sluice::io
