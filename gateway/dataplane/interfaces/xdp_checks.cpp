#include "gateway/dataplane/interfaces/xdp_checks.h"

#include <algorithm>

namespace sluice::io {
namespace {

constexpr const char* kVirtio = "virtio_net";
constexpr HostFacts::Version kTellsFeatures{6, 3};
// Bytes of a page that an XDP program in one buffer leaves to a frame, headers not counted. Seen
// with virtio_net on 6.1 and 6.12.
constexpr std::size_t kMtuBefore63 = 4060;
constexpr std::size_t kMtuSince63 = 3500;

// A veth hands redirected frames to its other end, which has to poll for them. Since 6.3 the kernel
// refuses such frames unless it knows that; it does not learn it from an end that comes up later.
void check_veth_target(const InterfaceFacts& interface, const InterfaceFacts::OtherEnd& end,
                       CheckList& checks) {
  const std::string& name = interface.name;
  if (!interface.has_carrier) {
    return checks.unknown(Check::redirect_target, name, "told once its other end is up");
  }
  const std::string problem =
      "frames that are redirected to it are lost until its other end polls (GRO on, or an XDP "
      "program)";
  if (end.name.empty() || !end.offloads) {
    checks.failed(Check::redirect_target, name,
                  problem +
                      "; in the namespace of that end, run: ethtool -K END gro off; "
                      "ethtool -K END gro on");
  } else if (!end.offloads->gro.on) {
    checks.failed(Check::redirect_target, name, problem,
                  {{"ethtool", "-K", end.name, "gro", "on"}, true});
  } else {
    checks.failed(
        Check::redirect_target, name,
        "frames that are redirected to it are lost: the kernel missed that its other end "
        "polls",
        {{"sh", "-c", "ethtool -K \"$0\" gro off && ethtool -K \"$0\" gro on", end.name}, true});
  }
}

void check_driver(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks) {
  const std::string& name = interface.name;
  if (!interface.xdp) {
    const std::string why = host.kernel < kTellsFeatures
                                ? "unknown until it is tried: Linux 6.3 and later tell"
                                : "unknown until it is tried: the kernel does not tell";
    checks.unknown(Check::native_xdp, name, why);
    checks.unknown(Check::redirect_target, name, why);
    return;
  }
  const XdpFeatures& xdp = *interface.xdp;
  if (!xdp.native) {
    return checks.failed(
        Check::native_xdp, name,
        "XDP programs cannot run in its driver, only in the kernel's stack, slower");
  }
  std::string can = "basic";
  if (xdp.redirect) can += ", redirect";
  if (xdp.target) can += ", target of redirects";
  if (xdp.multi_buffer) can += ", multi-buffer";
  if (xdp.zero_copy) can += ", zero-copy";
  checks.ok(Check::native_xdp, name, can);
  if (xdp.target) return checks.ok(Check::redirect_target, name);
  if (interface.other_end) {
    return check_veth_target(interface, *interface.other_end, checks);
  }
  // Most drivers set queues aside for it when a program is attached.
  checks.unknown(Check::redirect_target, name, "told once a program is attached");
}

void check_mtu(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks) {
  const bool is_older = host.kernel < kTellsFeatures && interface.driver == kVirtio;
  const std::size_t most = is_older ? kMtuBefore63 : kMtuSince63;
  checks.add(Check::xdp_mtu, interface.name, interface.mtu <= most,
             "its MTU is " + std::to_string(interface.mtu) + ": over about " +
                 std::to_string(most) +
                 " drivers may refuse XDP, which then runs slower outside of them");
}

// Native XDP of virtio_net sends from every processor, and wants a spare queue for each.
void check_virtio_queues(const InterfaceFacts& interface, const Queues& queues,
                         const HostFacts& host, CheckList& checks) {
  const std::string& name = interface.name;
  const std::string has =
      std::to_string(queues.now) + " of " + std::to_string(queues.most) + " are in use";
  if (queues.now + host.cpus <= queues.most) return checks.ok(Check::queues, name, has);
  std::string problem = has + ", and XDP needs a spare one for each of " +
                        std::to_string(host.cpus) + " processors, or else it sends under locks";
  if (queues.most > host.cpus) {
    const std::string fewer = std::to_string(queues.most - host.cpus);
    return checks.failed(Check::queues, name, problem,
                         {{"ethtool", "-L", name, "combined", fewer}, true});
  }
  checks.failed(Check::queues, name,
                problem + ": give the virtual machine queues=" + std::to_string(2 * host.cpus));
}

void check_queues(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks) {
  const std::string& name = interface.name;
  if (!interface.queues) return checks.unknown(Check::queues, name, "the driver does not tell");
  const Queues& queues = *interface.queues;
  if (interface.driver == kVirtio) return check_virtio_queues(interface, queues, host, checks);
  const std::string has = std::to_string(queues.now) + " of " + std::to_string(queues.most);
  const std::size_t wanted = std::min(host.cpus, queues.most);
  if (queues.now >= wanted) return checks.ok(Check::queues, name, has);
  // Fewer queues than processors are a choice, too: one worker reads one queue.
  checks.failed(
      Check::queues, name, has + " are in use, for " + std::to_string(host.cpus) + " processors",
      {{"ethtool", "-L", name, queues.combined ? "combined" : "rx", std::to_string(wanted)}, true},
      Severity::note);
}

void check_flow_hash(const InterfaceFacts& interface, CheckList& checks) {
  const std::string& name = interface.name;
  if (interface.queues && interface.queues->now < 2) {
    return checks.ok(Check::flow_hash, name, "one queue: there is nothing to spread");
  }
  if (!interface.hashes_ports) {
    return checks.unknown(Check::flow_hash, name, "the driver does not offer to choose");
  }
  checks.add(Check::flow_hash, name, *interface.hashes_ports,
             "TCP is not spread by addresses and ports",
             {{"ethtool", "-N", name, "rx-flow-hash", "tcp4", "sdfn"}, true});
}

void check_programs(const InterfaceFacts& interface, CheckList& checks) {
  const std::string& name = interface.name;
  std::string programs;
  bool all_ours = true;
  for (const AttachedProgram& program : interface.programs) {
    programs += (programs.empty() ? "" : ", ") + std::to_string(program.id) + " (" +
                (program.name.empty() ? "" : program.name + ", ") + program.mode + ")";
    all_ours &= program.name.starts_with("sluice");
  }
  if (all_ours) return checks.ok(Check::no_program, name, programs);
  checks.failed(Check::no_program, name,
                "XDP programs are attached: " + programs + "; they see frames before the gateway",
                {{"ip", "link", "set", "dev", name, "xdp", "off"}, false});
}

}  // namespace

void check_xdp(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks) {
  check_programs(interface, checks);
  if (checks.kind() != Kind::xdp) return;
  check_driver(interface, host, checks);
  check_mtu(interface, host, checks);
  check_queues(interface, host, checks);
  check_flow_hash(interface, checks);
  checks.add(Check::promiscuous, interface.name, interface.is_promiscuous,
             "does not take frames for other stations until the gateway starts, which sets that");
}

}  // namespace sluice::io
