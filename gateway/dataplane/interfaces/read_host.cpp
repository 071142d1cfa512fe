#include "gateway/dataplane/interfaces/read_host.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "gateway/dataplane/interfaces/bpf_call.h"
#include "gateway/os/descriptor.h"

namespace sluice::io {
namespace {

using Access = HostFacts::Access;

// Empty: it cannot be read.
std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// `6.1.0-27-amd64`
HostFacts::Version version_of(std::string_view release) {
  HostFacts::Version version;
  const char* const end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.major);
  if (major.ptr != end) std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

// Closes what a try opened.
Access access_of(long descriptor) {
  if (descriptor >= 0) {
    ::close(static_cast<int>(descriptor));
    return Access::works;
  }
  return errno == EPERM || errno == EACCES ? Access::denied : Access::absent;
}

Access try_bpf() {
  bpf_attr map{};
  map.map_type = BPF_MAP_TYPE_XSKMAP;
  map.key_size = sizeof(std::uint32_t);
  map.value_size = sizeof(std::uint32_t);
  map.max_entries = 1;
  return access_of(bpf_call(BPF_MAP_CREATE, map));
}

// Takes a queue that nobody uses, and gives it back.
Access try_packet_queues() {
  constexpr std::uint16_t kLast = 65535;
  const os::Descriptor socket(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  struct {
    nlmsghdr message{};
    nfgenmsg header{};
    nlattr attribute{};
    nfqnl_msg_config_cmd command{};
  } ask;
  ask.message.nlmsg_len = sizeof ask;
  ask.message.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
  ask.message.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  ask.header = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(kLast)};
  ask.attribute = {.nla_len = sizeof ask.attribute + sizeof ask.command, .nla_type = NFQA_CFG_CMD};
  ask.command.command = NFQNL_CFG_CMD_BIND;
  if (::send(socket.value(), &ask, sizeof ask, 0) < 0) return access_of(-1);
  struct {
    nlmsghdr message{};
    nlmsgerr error{};
  } answer;
  if (::recv(socket.value(), &answer, sizeof answer, 0) < 0) return access_of(-1);
  if (answer.error.error == 0 || answer.error.error == -EBUSY) return Access::works;
  return answer.error.error == -EPERM ? Access::denied : Access::absent;
}

bool has_bpf_filesystem() {
  struct statfs mounted{};
  return ::statfs("/sys/fs/bpf", &mounted) == 0 &&
         static_cast<std::uint64_t>(mounted.f_type) == BPF_FS_MAGIC;
}

std::optional<std::uint64_t> locked_memory() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  return limit.rlim_cur;
}

HostFacts::Privileges privileges() {
  std::ifstream in("/proc/thread-self/status");
  std::uint64_t held = 0;
  for (std::string line; std::getline(in, line);) {
    constexpr std::string_view kField = "CapEff:\t";
    if (!line.starts_with(kField)) continue;
    std::from_chars(line.data() + kField.size(), line.data() + line.size(), held, 16);
  }
  const auto has = [held](unsigned capability) { return (held >> capability & 1) != 0; };
  const bool admin = has(CAP_SYS_ADMIN);
  return {.net_admin = has(CAP_NET_ADMIN),
          .net_raw = has(CAP_NET_RAW),
          .bpf = admin || has(CAP_BPF),
          .perfmon = admin || has(CAP_PERFMON),
          .ipc_lock = has(CAP_IPC_LOCK)};
}

void read_cpus(HostFacts& host) {
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  host.cpus = cpus > 0 ? static_cast<std::size_t>(cpus) : 1;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/devices/system/cpu", error)) {
    const std::string governor = first_line(entry.path() / "cpufreq" / "scaling_governor");
    if (governor.empty() || governor == "performance") continue;
    host.slow_governor = governor;
    ++host.slow_cpus;
  }
}

// `MemTotal:        8140372 kB`
void read_memory(HostFacts& host) {
  std::ifstream in("/proc/meminfo");
  std::string field;
  std::uint64_t kibibytes = 0;
  std::string unit;
  for (; in >> field >> kibibytes; std::getline(in, unit)) {
    if (field == "MemTotal:") host.memory = kibibytes * 1024;
    if (field == "MemAvailable:") host.memory_available = kibibytes * 1024;
  }
}

HostFacts::BridgeFilter bridge_filter() {
  const auto setting = [](const char* name) {
    return first_line("/proc/sys/net/bridge/bridge-nf-" + std::string(name));
  };
  return {.exists = !setting("call-iptables").empty(),
          .ipv4 = setting("call-iptables") == "1",
          .ipv6 = setting("call-ip6tables") == "1",
          .vlan = setting("filter-vlan-tagged") == "1",
          .pppoe = setting("filter-pppoe-tagged") == "1"};
}

}  // namespace

HostFacts read_machine() {
  HostFacts host;
  utsname system{};
  if (::uname(&system) == 0) host.release = static_cast<const char*>(system.release);
  host.kernel = version_of(host.release);
  read_cpus(host);
  read_memory(host);
  host.bridge_filter = bridge_filter();
  return host;
}

HostFacts read_host() {
  HostFacts host = read_machine();
  std::error_code error;
  host.has_btf = std::filesystem::exists("/sys/kernel/btf/vmlinux", error);
  host.bpf = try_bpf();
  if (const std::string jit = first_line("/proc/sys/net/core/bpf_jit_enable"); !jit.empty()) {
    host.bpf_jit = jit != "0";
  }
  host.has_bpf_filesystem = has_bpf_filesystem();
  host.xdp_sockets = access_of(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  host.packet_queues = try_packet_queues();
  host.locked_memory = locked_memory();
  host.privileges = privileges();
  return host;
}

}  // namespace sluice::io
