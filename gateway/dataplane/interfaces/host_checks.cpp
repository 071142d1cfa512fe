#include "gateway/dataplane/interfaces/host_checks.h"

#include "gateway/dataplane/interfaces/read_host.h"

namespace sluice::io {
namespace {

constexpr HostFacts::Version kFloor{6, 1};
constexpr std::uint64_t kMebibyte = 1024 * 1024;
// AF_XDP's buffers count against the limit of locked memory: for two interfaces of a few queues
// this much is enough. (Maps counted too, before 5.11.)
constexpr std::uint64_t kLockedMemory = 64 * kMebibyte;
// What the gateway takes with the defaults, and some room.
constexpr std::uint64_t kLeastMemory = 256 * kMebibyte;

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / kMebibyte) + " MiB";
}

void check_access(CheckList& checks, Check what, HostFacts::Access access,
                  const std::string& absent, const std::string& denied) {
  switch (access) {
    case HostFacts::Access::works:
      return checks.ok(what, kHost);
    case HostFacts::Access::absent:
      return checks.failed(what, kHost, absent);
    case HostFacts::Access::denied:
      return checks.unknown(what, kHost, denied);
  }
}

void check_kernel(const HostFacts& host, CheckList& checks) {
  if (host.kernel >= kFloor) {
    checks.ok(Check::kernel, kHost, "Linux " + host.release);
  } else {
    checks.failed(Check::kernel, kHost, "Linux " + host.release + ": XDP needs 6.1 or later");
  }
  checks.add(Check::btf, kHost, host.has_btf,
             "the kernel does not describe its types (CONFIG_DEBUG_INFO_BTF): tools that look into "
             "BPF need it, the gateway does not");
}

void check_kernel_parts(const HostFacts& host, CheckList& checks) {
  check_access(checks, Check::bpf, host.bpf, "the kernel has no BPF maps for AF_XDP",
               "this process may not make maps: it needs CAP_BPF and CAP_NET_ADMIN");
  if (!host.bpf_jit) {
    checks.unknown(Check::bpf_jit, kHost,
                   "net.core.bpf_jit_enable cannot be read here (as root, in the host's own "
                   "namespace)");
  } else {
    checks.add(Check::bpf_jit, kHost, *host.bpf_jit, "BPF programs are interpreted",
               {{"sysctl", "-w", "net.core.bpf_jit_enable=1"}, true});
  }
  checks.add(Check::bpf_filesystem, kHost, host.has_bpf_filesystem,
             "no BPF file system at /sys/fs/bpf: [dataplane] pins has no place, and all ends with "
             "the gateway",
             {{"mount", "-t", "bpf", "bpf", "/sys/fs/bpf"}, true});
  check_access(checks, Check::xdp_sockets, host.xdp_sockets,
               "the kernel has no AF_XDP (CONFIG_XDP_SOCKETS)",
               "this process may not open them: it needs CAP_NET_RAW");
  check_access(checks, Check::packet_queues, host.packet_queues,
               "the kernel has no queues for packets (CONFIG_NETFILTER_NETLINK_QUEUE)",
               "this process may not ask for one: it needs CAP_NET_ADMIN");
}

void check_locked_memory(const HostFacts& host, CheckList& checks) {
  if (!host.locked_memory) return checks.ok(Check::locked_memory, kHost, "without limit");
  const std::string limit = mebibytes(*host.locked_memory);
  if (host.privileges.ipc_lock) {
    return checks.ok(Check::locked_memory, kHost,
                     "the limit is " + limit + ", and CAP_IPC_LOCK lifts it");
  }
  if (*host.locked_memory >= kLockedMemory) return checks.ok(Check::locked_memory, kHost, limit);
  checks.failed(Check::locked_memory, kHost,
                "at most " + limit +
                    " may be locked, and AF_XDP's buffers count (maps too, before Linux 5.11); a "
                    "unit of systemd needs LimitMEMLOCK=infinity",
                {{"ulimit", "-l", "unlimited"}, false});
}

void check_privileges(const HostFacts& host, CheckList& checks) {
  const HostFacts::Privileges& has = host.privileges;
  std::string missing;
  const auto need = [&](bool held, const char* name) {
    if (!held) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(has.net_admin, "CAP_NET_ADMIN");
  need(has.net_raw, "CAP_NET_RAW");
  if (checks.kind() == Kind::xdp) {
    need(has.bpf, "CAP_BPF");
    need(has.perfmon, "CAP_PERFMON");
  }
  checks.add(Check::privileges, kHost, missing.empty(), "this process lacks " + missing);
}

void check_resources(const HostFacts& host, CheckList& checks) {
  if (host.slow_cpus == 0) {
    checks.ok(Check::cpu_governor, kHost);
  } else {
    checks.failed(Check::cpu_governor, kHost,
                  std::to_string(host.slow_cpus) + " of " + std::to_string(host.cpus) +
                      " processors have the frequency governor \"" + host.slow_governor + "\"",
                  {{"sh", "-c",
                    "for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo "
                    "performance > $f; done"},
                   true});
  }
  if (host.cpus > 1) {
    checks.ok(Check::cpus, kHost, std::to_string(host.cpus));
  } else {
    checks.failed(Check::cpus, kHost, "one processor: the gateway shares it with all the rest");
  }
  const std::string memory =
      mebibytes(host.memory_available) + " of " + mebibytes(host.memory) + " available";
  if (host.memory_available >= kLeastMemory) {
    checks.ok(Check::memory, kHost, memory);
  } else {
    checks.failed(
        Check::memory, kHost,
        memory + ": with the default limits the gateway needs " + mebibytes(kLeastMemory));
  }
}

}  // namespace

std::vector<CheckResult> judge_host(const HostFacts& host, Kind kind) {
  CheckList checks(kind);
  check_kernel(host, checks);
  check_kernel_parts(host, checks);
  check_locked_memory(host, checks);
  check_privileges(host, checks);
  check_resources(host, checks);
  return checks.take();
}

std::vector<CheckResult> check_host(Kind kind) {
  return judge_host(read_host(), kind);
}

}  // namespace sluice::io
