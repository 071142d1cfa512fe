#include "gateway/dataplane/interfaces/interface_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::io {
namespace {

using testing::HasSubstr;
using Outcome = CheckResult::Outcome;

// Null: not made.
const CheckResult* find(const std::vector<CheckResult>& results, Check what,
                        std::string_view subject) {
  const auto found = std::ranges::find_if(results, [&](const CheckResult& result) {
    return result.what == what && result.subject == subject;
  });
  return found == results.end() ? nullptr : &*found;
}

HostFacts host_of(HostFacts::Version kernel, std::size_t cpus = 2) {
  return {.kernel = kernel, .cpus = cpus};
}
constexpr HostFacts::Version kOld{6, 1};
constexpr HostFacts::Version kNew{6, 12};

// An interface with which nothing is wrong.
InterfaceFacts card(const std::string& name) {
  return {.name = name,
          .exists = true,
          .is_up = true,
          .has_carrier = true,
          .is_ethernet = true,
          .is_promiscuous = true,
          .mtu = 1500,
          .driver = "igb",
          .offloads = Offloads{},
          .xdp = XdpFeatures{.native = true, .redirect = true, .target = true},
          .queues = Queues{2, 4, true},
          .hashes_ports = true};
}

InterfaceFacts veth(const std::string& name, const std::string& end) {
  InterfaceFacts facts = card(name);
  facts.driver = "veth";
  facts.other_end =
      InterfaceFacts::OtherEnd{end, end.empty() ? std::nullopt : std::optional(Offloads{})};
  return facts;
}

// What is said of `inside`, beside an interface with which nothing is wrong.
CheckResult judge(const InterfaceFacts& inside, Check what, Kind kind,
                  const HostFacts& host = host_of(kNew)) {
  const auto results = judge_interfaces(inside, card("eth2"), host, kind);
  const CheckResult* const result = find(results, what, inside.name);
  if (result != nullptr) return *result;
  ADD_FAILURE() << id_of(what) << " was not checked";
  return {};
}

struct Faulty {
  Check what;
  Kind kind;
  Severity severity;
  void (*make)(InterfaceFacts&);
  const char* line;
};

class InterfaceFault : public testing::TestWithParam<Faulty> {};

TEST_P(InterfaceFault, IsTheOneFindingAndSaysWhatMendsIt) {
  const Faulty& fault = GetParam();
  InterfaceFacts inside = card("eth1");
  fault.make(inside);
  const auto results = judge_interfaces(inside, card("eth2"), host_of(kNew), fault.kind);
  for (const CheckResult& result : results) {
    const bool is_it = result.what == fault.what && result.subject == inside.name;
    EXPECT_EQ(result.outcome == Outcome::failed, is_it) << to_string(result);
  }
  const CheckResult result = judge(inside, fault.what, fault.kind);
  EXPECT_EQ(to_string(result), fault.line);
  EXPECT_EQ(result.severity, fault.severity);
  EXPECT_EQ(problems_of(results), fault.severity == Severity::breaks ? fault.line : "");
}

INSTANTIATE_TEST_SUITE_P(
    , InterfaceFault,
    testing::Values(
        Faulty{Check::up, Kind::pcap, Severity::breaks, [](auto& i) { i.is_up = false; },
               "eth1: is down; run: ip link set eth1 up"},
        Faulty{Check::ethernet, Kind::pcap, Severity::breaks,
               [](auto& i) { i.is_ethernet = false; }, "eth1: is not an Ethernet interface"},
        Faulty{Check::carrier, Kind::pcap, Severity::risks, [](auto& i) { i.has_carrier = false; },
               "eth1: has no carrier: no cable, or the other end is down"},
        Faulty{Check::no_master, Kind::xdp, Severity::breaks, [](auto& i) { i.master = "br0"; },
               "eth1: belongs to br0, a bridge or bond of the kernel; run: ip link set eth1 "
               "nomaster"},
        Faulty{Check::no_merging, Kind::pcap, Severity::breaks,
               [](auto& i) { i.offloads->gro.on = i.offloads->gro_hw.on = true; },
               "eth1: receive offloads (gro, rx-gro-hw) merge frames beyond the MTU; run: ethtool "
               "-K eth1 gro off rx-gro-hw off"},
        Faulty{Check::no_merging, Kind::pcap, Severity::breaks,
               [](auto& i) { i.offloads->lro = {.on = true, .fixed = true}; },
               "eth1: receive offloads (lro) merge frames beyond the MTU, and the driver does not "
               "let all be switched off"},
        Faulty{Check::no_lro, Kind::xdp, Severity::slows,
               [](auto& i) { i.offloads->lro.on = true; },
               "eth1: LRO is on: drivers then refuse XDP, which runs slower outside of them; run: "
               "ethtool -K eth1 lro off"},
        Faulty{Check::vlan_tags, Kind::xdp, Severity::risks,
               [](auto& i) { i.offloads->rx_vlan.on = true; },
               "eth1: the card takes VLAN tags off frames (rxvlan): XDP programs do not see them, "
               "and frames go on without; run: ethtool -K eth1 rxvlan off"},
        Faulty{Check::queues, Kind::xdp, Severity::note, [](auto& i) { i.queues->now = 1; },
               "eth1: 1 of 4 are in use, for 2 processors; run: ethtool -L eth1 combined 2"},
        Faulty{Check::flow_hash, Kind::xdp, Severity::note, [](auto& i) { i.hashes_ports = false; },
               "eth1: TCP is not spread by addresses and ports; run: ethtool -N eth1 rx-flow-hash "
               "tcp4 sdfn"},
        Faulty{Check::promiscuous, Kind::xdp, Severity::note,
               [](auto& i) { i.is_promiscuous = false; },
               "eth1: does not take frames for other stations until the gateway starts, which sets "
               "that"},
        Faulty{Check::no_link_local, Kind::pcap, Severity::note,
               [](auto& i) { i.link_local = {"fe80::1"}; },
               "eth1: has the address fe80::1: the kernel itself speaks IPv6 there; run: sysctl -w "
               "net/ipv6/conf/eth1/disable_ipv6=1"},
        Faulty{Check::no_program, Kind::pcap, Severity::risks,
               [](auto& i) { i.programs = {{7, "xdp_dispatcher", "native"}, {8, "", "generic"}}; },
               "eth1: XDP programs are attached: 7 (xdp_dispatcher, native), 8 (generic); they see "
               "frames before the gateway; run: ip link set dev eth1 xdp off"}));

TEST(InterfaceChecks, FindNothingWrongWithGoodCards) {
  for (const Kind kind : {Kind::pcap, Kind::xdp}) {
    for (const auto& result : judge_interfaces(card("eth1"), card("eth2"), host_of(kNew), kind)) {
      EXPECT_EQ(result.outcome, Outcome::ok) << to_string(result);
    }
  }
}

TEST(InterfaceChecks, CompareMtus) {
  InterfaceFacts outside = card("eth2");
  outside.mtu = 1400;
  EXPECT_EQ(problems_of(judge_interfaces(card("eth1"), outside, host_of(kNew), Kind::xdp)),
            "eth2: its MTU is 1400, but eth1 has 1500; run: ip link set eth2 mtu 1500");
}

TEST(InterfaceChecks, AskPcapNothingAboutXdp) {
  const auto results = judge_interfaces(card("eth1"), card("eth2"), host_of(kNew), Kind::pcap);
  for (const Check what : {Check::native_xdp, Check::redirect_target, Check::xdp_mtu, Check::queues,
                           Check::promiscuous, Check::vlan_tags}) {
    EXPECT_EQ(find(results, what, "eth1"), nullptr) << id_of(what);
  }
}

// GRO merges behind native XDP. Where native XDP is not offered it breaks; where nobody can tell,
// it may.
TEST(InterfaceChecks, GroMattersToXdpOnlyOutsideOfTheDriver) {
  InterfaceFacts inside = card("eth1");
  inside.offloads->gro.on = true;
  EXPECT_EQ(judge(inside, Check::no_merging, Kind::xdp).outcome, Outcome::ok);
  inside.xdp->native = false;
  EXPECT_EQ(judge(inside, Check::no_merging, Kind::xdp).severity, Severity::breaks);
  inside.xdp.reset();
  const CheckResult unsure = judge(inside, Check::no_merging, Kind::xdp, host_of(kOld));
  EXPECT_EQ(unsure.outcome, Outcome::failed);
  EXPECT_EQ(unsure.severity, Severity::slows);
  EXPECT_EQ(to_string(unsure.command), "ethtool -K eth1 gro off");
}

TEST(InterfaceChecks, GroHwIsNoMatterToXdp) {
  InterfaceFacts inside = card("eth1");
  inside.offloads->gro_hw.on = true;
  EXPECT_EQ(judge(inside, Check::no_merging, Kind::xdp).outcome, Outcome::ok);
}

TEST(InterfaceChecks, XdpFeaturesAreUnknownBefore63) {
  InterfaceFacts inside = card("eth1");
  inside.xdp.reset();
  const CheckResult result = judge(inside, Check::native_xdp, Kind::xdp, host_of(kOld));
  EXPECT_EQ(result.outcome, Outcome::unknown);
  EXPECT_THAT(to_string(result), HasSubstr("unknown until it is tried: Linux 6.3 and later tell"));
}

TEST(InterfaceChecks, ACardWithoutXdpSlows) {
  InterfaceFacts inside = card("eth1");
  inside.xdp = XdpFeatures{};
  EXPECT_EQ(judge(inside, Check::native_xdp, Kind::xdp).severity, Severity::slows);
}

TEST(InterfaceChecks, AnOtherEndThatDoesNotPollLosesRedirects) {
  InterfaceFacts inside = veth("inside", "client");
  inside.xdp->target = false;
  EXPECT_EQ(to_string(judge(inside, Check::redirect_target, Kind::xdp).command),
            "ethtool -K client gro on");
  // It came up with GRO on, and the kernel did not notice.
  inside.other_end->offloads->gro.on = true;
  EXPECT_EQ(to_string(judge(inside, Check::redirect_target, Kind::xdp).command),
            "sh -c 'ethtool -K \"$0\" gro off && ethtool -K \"$0\" gro on' client");
  inside.other_end = InterfaceFacts::OtherEnd{};  // in another namespace
  const CheckResult elsewhere = judge(inside, Check::redirect_target, Kind::xdp);
  EXPECT_EQ(elsewhere.severity, Severity::risks);
  EXPECT_TRUE(elsewhere.command.words.empty());
  inside.has_carrier = false;
  EXPECT_EQ(judge(inside, Check::redirect_target, Kind::xdp).outcome, Outcome::unknown);
}

// Many cards are targets of redirects only once a program is attached.
TEST(InterfaceChecks, ACardMayBeATargetLater) {
  InterfaceFacts inside = card("eth1");
  inside.xdp->target = false;
  EXPECT_EQ(judge(inside, Check::redirect_target, Kind::xdp).outcome, Outcome::unknown);
}

TEST(InterfaceChecks, AVethHandsOverUnfinishedFrames) {
  InterfaceFacts inside = veth("inside", "client");
  EXPECT_EQ(judge(inside, Check::finished_checksums, Kind::xdp).outcome, Outcome::ok);
  inside.other_end->offloads->tx_checksum.on = inside.other_end->offloads->tso.on = true;
  EXPECT_EQ(to_string(judge(inside, Check::finished_checksums, Kind::pcap)),
            "inside: its other end, client, leaves work to a card that is not there (tx, tso): "
            "checksums are wrong and frames too large; run: ethtool -K client tx off tso off");
  EXPECT_EQ(judge(veth("inside", ""), Check::finished_checksums, Kind::pcap).outcome,
            Outcome::unknown);
}

TEST(InterfaceChecks, VirtioWantsASpareQueueForEachProcessor) {
  InterfaceFacts inside = card("eth1");
  inside.driver = "virtio_net";
  const auto queues = [&](std::size_t now, std::size_t most) {
    inside.queues = Queues{now, most, true};
    return judge(inside, Check::queues, Kind::xdp, host_of(kNew, 2));
  };
  EXPECT_EQ(queues(2, 4).outcome, Outcome::ok);
  EXPECT_EQ(to_string(queues(4, 4).command), "ethtool -L eth1 combined 2");
  EXPECT_EQ(queues(4, 4).severity, Severity::slows);
  EXPECT_THAT(queues(1, 1).found, HasSubstr("give the virtual machine queues=4"));
}

TEST(InterfaceChecks, VirtioBefore63TakesALargerMtu) {
  InterfaceFacts inside = card("eth1");
  inside.driver = "virtio_net";
  inside.mtu = 4000;
  EXPECT_EQ(judge(inside, Check::xdp_mtu, Kind::xdp, host_of(kOld)).outcome, Outcome::ok);
  const CheckResult newer = judge(inside, Check::xdp_mtu, Kind::xdp, host_of(kNew));
  EXPECT_EQ(newer.severity, Severity::note);
  EXPECT_EQ(to_string(newer),
            "eth1: its MTU is 4000: over about 3500 drivers may refuse XDP, which then runs slower "
            "outside of them");
}

// Whoever reads this may be logged in by that address, and others may be routed through it.
TEST(InterfaceChecks, NothingThatAnAddressCarriesIsEndedByItself) {
  InterfaceFacts inside = card("eth1");
  inside.forwards_ipv4 = inside.forwards_ipv6 = true;
  const CheckResult free = judge(inside, Check::no_forwarding, Kind::pcap);
  EXPECT_EQ(to_string(free.command),
            "sysctl -w net/ipv4/conf/eth1/forwarding=0 net/ipv6/conf/eth1/disable_ipv6=1");
  EXPECT_TRUE(free.command.is_safe);
  inside.addresses = {"192.0.2.1", "2001:db8::1"};
  inside.link_local = {"fe80::1"};
  for (const Check what : {Check::no_forwarding, Check::no_address, Check::no_link_local}) {
    EXPECT_FALSE(judge(inside, what, Kind::pcap).command.is_safe) << id_of(what);
  }
}

TEST(InterfaceChecks, OurOwnProgramIsNoneOfOthers) {
  InterfaceFacts inside = card("eth1");
  inside.programs = {{7, "sluice_gateway", "native"}};
  EXPECT_EQ(judge(inside, Check::no_program, Kind::xdp).outcome, Outcome::ok);
}

// Names of interfaces may hold what a shell reads.
TEST(InterfaceChecks, CommandsAreQuoted) {
  InterfaceFacts inside = card("a'$(b)");
  inside.is_up = false;
  const CheckResult result = judge(inside, Check::up, Kind::pcap);
  EXPECT_EQ(to_string(result.command), "ip link set 'a'\\''$(b)' up");
  EXPECT_EQ(result.command.words[3], "a'$(b)");
}

// The kernel of whoever runs this.

TEST(InterfaceChecks, NameWhatIsMissing) {
  const auto checks = check_interfaces("nosuch0", "nosuch1", Kind::pcap);
  EXPECT_EQ(problems_of(checks),
            "nosuch0: no such interface; run: ip -br link\n"
            "nosuch1: no such interface; run: ip -br link");
  EXPECT_EQ(find(checks, Check::up, "nosuch0"), nullptr);
}

TEST(InterfaceChecks, RefuseOneInterfaceTwice) {
  EXPECT_EQ(problems_of(check_interfaces("lo", "lo", Kind::pcap)),
            "lo: inside and outside are the same interface");
}

TEST(InterfaceChecks, SayWhichSideHasNoInterface) {
  EXPECT_EQ(problems_of(check_interfaces("lo", "", Kind::pcap)),
            "outside: no interface is configured; set [dataplane] outside or --outside");
}

TEST(InterfaceChecks, TellEachOutcome) {
  const auto checks = check_interfaces("lo", "nosuch1", Kind::pcap);
  const CheckResult* const exists = find(checks, Check::exists, "lo");
  ASSERT_NE(exists, nullptr);
  EXPECT_EQ(exists->outcome, Outcome::ok);
  EXPECT_EQ(to_string(*exists), "lo: exists: ok");
  const CheckResult* const ethernet = find(checks, Check::ethernet, "lo");
  ASSERT_NE(ethernet, nullptr);
  EXPECT_EQ(ethernet->outcome, Outcome::failed);
  EXPECT_EQ(to_string(*ethernet), "lo: is not an Ethernet interface");
  EXPECT_EQ(find(checks, Check::same_mtu, "nosuch1"), nullptr);
}

TEST(InterfaceChecks, AMissingInterfaceHasNoMtu) {
  EXPECT_EQ(mtu_of("nosuch0"), 0U);
}

// What is a fault of a bridge is what a router is for.
TEST(InterfaceChecks, ARouterHasAddressesAndForwards) {
  InterfaceFacts inside = card("eth1");
  inside.addresses = {"10.0.0.1/24"};
  inside.offloads->gro.on = true;
  inside.forwards_ipv4 = inside.forwards_ipv6 = true;
  InterfaceFacts outside = card("eth2");
  outside.forwards_ipv4 = true;
  outside.mtu = 1492;
  const auto results = judge_interfaces(inside, outside, host_of(kNew), Kind::nfqueue);
  std::vector<std::string> findings;
  for (const CheckResult& result : results) {
    if (result.is_finding()) findings.push_back(to_string(result));
  }
  EXPECT_THAT(findings,
              testing::ElementsAre("eth2: the host does not route IPv6 from it; run: sysctl -w "
                                   "net/ipv6/conf/eth2/forwarding=1"));
}

// Of a bridge of this host, the firewall sees what it is told to show.
TEST(InterfaceChecks, TwoPortsOfABridgeNeedNoRoutesButItsPackets) {
  InterfaceFacts inside = card("eth1"), outside = card("eth2");
  inside.master = outside.master = "br0";
  inside.is_bridge_port = outside.is_bridge_port = true;
  HostFacts host = host_of(kNew);
  const auto findings = [&] {
    std::vector<std::string> texts;
    for (const CheckResult& result : judge_interfaces(inside, outside, host, Kind::nfqueue)) {
      if (result.is_finding()) texts.push_back(to_string(result));
    }
    return texts;
  };
  EXPECT_THAT(findings(), testing::Contains(testing::HasSubstr("run: modprobe br_netfilter")));
  host.bridge_filter.exists = true;
  EXPECT_THAT(findings(), testing::Contains(testing::HasSubstr("bridge-nf-call-iptables=1")));
  EXPECT_NE(problems_of(judge_interfaces(inside, outside, host, Kind::nfqueue)), "");
  host.bridge_filter.ipv4 = host.bridge_filter.ipv6 = true;
  EXPECT_THAT(findings(), testing::ElementsAre(testing::HasSubstr("filter-vlan-tagged=1")));
  host.bridge_filter.vlan = host.bridge_filter.pppoe = true;
  EXPECT_THAT(findings(), testing::IsEmpty());
  outside.master = "br1";
  EXPECT_THAT(findings(), testing::Contains(testing::HasSubstr("does not route")));
}

TEST(InterfaceChecks, TheInsideOfARouterMayBeAllOthers) {
  EXPECT_EQ(problems_of(judge_interfaces({}, card("eth2"), host_of(kNew), Kind::nfqueue)), "");
  EXPECT_NE(problems_of(judge_interfaces(card("eth1"), {}, host_of(kNew), Kind::nfqueue)), "");
}

}  // namespace
}  // namespace sluice::io
