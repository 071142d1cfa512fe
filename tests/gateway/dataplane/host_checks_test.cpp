#include "gateway/dataplane/interfaces/host_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/dataplane/interfaces/read_host.h"

namespace sluice::io {
namespace {

using testing::HasSubstr;
using Access = HostFacts::Access;
using Outcome = CheckResult::Outcome;

constexpr std::uint64_t kMebibyte = 1024 * 1024;

// A host with which nothing is wrong.
HostFacts good_host() {
  return {.release = "6.1.0-27-amd64",
          .kernel = {6, 1},
          .has_btf = true,
          .bpf = Access::works,
          .bpf_jit = true,
          .has_bpf_filesystem = true,
          .xdp_sockets = Access::works,
          .privileges = {.net_admin = true, .net_raw = true, .bpf = true, .perfmon = true},
          .cpus = 4,
          .memory = 2048 * kMebibyte,
          .memory_available = 1024 * kMebibyte};
}

CheckResult judge(const HostFacts& host, Check what, Kind kind) {
  const auto results = judge_host(host, kind);
  const auto found = std::ranges::find(results, what, &CheckResult::what);
  if (found != results.end()) return *found;
  ADD_FAILURE() << id_of(what) << " was not checked";
  return {};
}

struct Faulty {
  Check what;
  Severity to_pcap, to_xdp;
  void (*make)(HostFacts&);
  const char* line;  // for xdp
};

class HostFault : public testing::TestWithParam<Faulty> {};

TEST_P(HostFault, IsTheOneFindingAndSaysWhatMendsIt) {
  const Faulty& fault = GetParam();
  HostFacts host = good_host();
  fault.make(host);
  for (const CheckResult& result : judge_host(host, Kind::xdp)) {
    EXPECT_EQ(result.outcome == Outcome::failed, result.what == fault.what) << to_string(result);
  }
  const CheckResult result = judge(host, fault.what, Kind::xdp);
  EXPECT_EQ(to_string(result), fault.line);
  EXPECT_EQ(result.severity, fault.to_xdp);
  EXPECT_EQ(judge(host, fault.what, Kind::pcap).severity, fault.to_pcap);
}

INSTANTIATE_TEST_SUITE_P(
    , HostFault,
    testing::Values(
        Faulty{Check::kernel, Severity::note, Severity::breaks,
               [](auto& h) {
                 h.kernel = {5, 10};
                 h.release = "5.10.0-8";
               },
               "host: Linux 5.10.0-8: XDP needs 6.1 or later"},
        Faulty{Check::btf, Severity::note, Severity::note, [](auto& h) { h.has_btf = false; },
               "host: the kernel does not describe its types (CONFIG_DEBUG_INFO_BTF): tools that "
               "look into BPF need it, the gateway does not"},
        Faulty{Check::bpf, Severity::note, Severity::breaks,
               [](auto& h) { h.bpf = Access::absent; },
               "host: the kernel has no BPF maps for AF_XDP"},
        Faulty{Check::bpf_jit, Severity::note, Severity::slows, [](auto& h) { h.bpf_jit = false; },
               "host: BPF programs are interpreted; run: sysctl -w net.core.bpf_jit_enable=1"},
        Faulty{
            Check::bpf_filesystem, Severity::note, Severity::risks,
            [](auto& h) { h.has_bpf_filesystem = false; },
            "host: no BPF file system at /sys/fs/bpf: [dataplane] pins has no place, and all ends "
            "with the gateway; run: mount -t bpf bpf /sys/fs/bpf"},
        Faulty{Check::xdp_sockets, Severity::note, Severity::breaks,
               [](auto& h) { h.xdp_sockets = Access::absent; },
               "host: the kernel has no AF_XDP (CONFIG_XDP_SOCKETS)"},
        Faulty{Check::locked_memory, Severity::note, Severity::risks,
               [](auto& h) { h.locked_memory = 8 * kMebibyte; },
               "host: at most 8 MiB may be locked, and AF_XDP's buffers count (maps too, before "
               "Linux 5.11); a unit of systemd needs LimitMEMLOCK=infinity; run: ulimit -l "
               "unlimited"},
        Faulty{Check::privileges, Severity::breaks, Severity::breaks,
               [](auto& h) { h.privileges.net_raw = h.privileges.bpf = false; },
               "host: this process lacks CAP_NET_RAW, CAP_BPF"},
        Faulty{Check::cpu_governor, Severity::slows, Severity::slows,
               [](auto& h) {
                 h.slow_governor = "powersave";
                 h.slow_cpus = 3;
               },
               "host: 3 of 4 processors have the frequency governor \"powersave\"; run: sh -c 'for "
               "f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo performance > "
               "$f; done'"},
        Faulty{Check::cpus, Severity::note, Severity::note, [](auto& h) { h.cpus = 1; },
               "host: one processor: the gateway shares it with all the rest"},
        Faulty{Check::memory, Severity::risks, Severity::risks,
               [](auto& h) { h.memory_available = 100 * kMebibyte; },
               "host: 100 MiB of 2048 MiB available: with the default limits the gateway needs 256 "
               "MiB"}));

TEST(HostChecks, FindNothingWrongWithAGoodHost) {
  for (const Kind kind : {Kind::pcap, Kind::xdp}) {
    for (const CheckResult& result : judge_host(good_host(), kind)) {
      EXPECT_EQ(result.outcome, Outcome::ok) << to_string(result);
    }
  }
}

// Whoever is not allowed to ask does not know: only the privileges are wrong.
TEST(HostChecks, WhatMayNotBeAskedIsUnknown) {
  HostFacts host = good_host();
  host.bpf = host.xdp_sockets = Access::denied;
  host.bpf_jit.reset();
  for (const Check what : {Check::bpf, Check::xdp_sockets, Check::bpf_jit}) {
    EXPECT_EQ(judge(host, what, Kind::xdp).outcome, Outcome::unknown) << id_of(what);
  }
}

TEST(HostChecks, PcapNeedsFewerPrivileges) {
  HostFacts host = good_host();
  host.privileges.bpf = host.privileges.perfmon = false;
  EXPECT_EQ(judge(host, Check::privileges, Kind::pcap).outcome, Outcome::ok);
  EXPECT_THAT(judge(host, Check::privileges, Kind::xdp).found, HasSubstr("CAP_BPF, CAP_PERFMON"));
}

TEST(HostChecks, APrivilegeLiftsTheLimitOfLockedMemory) {
  HostFacts host = good_host();
  host.locked_memory = 8 * kMebibyte;
  host.privileges.ipc_lock = true;
  EXPECT_EQ(judge(host, Check::locked_memory, Kind::xdp).outcome, Outcome::ok);
}

// The kernel of whoever runs this: what every Linux has.
TEST(HostChecks, ReadThisHost) {
  const HostFacts host = read_host();
  EXPECT_GE(host.kernel.major, 4U);
  EXPECT_TRUE(host.release.starts_with(std::to_string(host.kernel.major) + "."));
  EXPECT_GE(host.cpus, 1U);
  EXPECT_GT(host.memory, host.memory_available);
  EXPECT_GT(host.memory_available, 0U);
}

TEST(HostChecks, QueuesOfTheFirewallMatterToNfqueueAlone) {
  HostFacts host = good_host();
  host.packet_queues = Access::works;
  EXPECT_EQ(judge(host, Check::packet_queues, Kind::nfqueue).outcome, Outcome::ok);
  host.packet_queues = Access::absent;
  EXPECT_EQ(judge(host, Check::packet_queues, Kind::nfqueue).severity, Severity::breaks);
  host.packet_queues = Access::denied;
  EXPECT_EQ(judge(host, Check::packet_queues, Kind::nfqueue).outcome, Outcome::unknown);
  EXPECT_FALSE(severity_of(Check::packet_queues, Kind::xdp));
}

}  // namespace
}  // namespace sluice::io
