// The rules as text, and what the kernel's own tools say of them.

#include "gateway/dataplane/nfqueue/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace sluice::io {
namespace {

using testing::HasSubstr;
using testing::Not;

RuleSettings settings_of(std::string inside = "lan0") {
  return {.inside = std::move(inside),
          .outside = "wan0",
          .first_queue = 100,
          .queues = 2,
          .bypass = true,
          .marks = *Marks::of(0x70000000)};
}

TEST(Marks, LiveInBitsOfTheirOwn) {
  const auto marks = Marks::of(0x00000e00);
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->bits(Mark::passed), 0x200U);
  EXPECT_EQ(marks->bits(Mark::injected), 0x800U);
  EXPECT_EQ(marks->put(Mark::dropped, 0xffffffff), 0xfffff5ffU);
  EXPECT_EQ(marks->put(Mark::none, 0x12345678), 0x12345078U);
}

TEST(Marks, NeedThreeBitsInARow) {
  EXPECT_FALSE(Marks::of(0));
  EXPECT_FALSE(Marks::of(0x3));
  EXPECT_FALSE(Marks::of(0xb));
  EXPECT_TRUE(Marks::of(0x7));
  EXPECT_TRUE(Marks::of(0xe0000000));
  EXPECT_TRUE(Marks::of(0xffffffff));
}

TEST(NfqueueRules, RefuseNamesThatAScriptCouldReadAsSomethingElse) {
  for (const char* name :
       {"", "eth0;flush", "a b", "eth+", "\"", "sixteen-letters0", "a\nb", "eth0}"}) {
    RuleSettings settings = settings_of();
    settings.outside = name;
    EXPECT_FALSE(check_rules(settings)) << name;
  }
  for (const char* name : {"eth0", "enp1s0f0.100", "br-lan", "wan@if2", "vlan:7"}) {
    RuleSettings settings = settings_of();
    settings.outside = name;
    EXPECT_TRUE(check_rules(settings)) << name;
  }
}

TEST(NfqueueRules, RefuseQueuesThatThereAreNot) {
  RuleSettings settings = settings_of();
  settings.first_queue = 65535;
  EXPECT_FALSE(check_rules(settings));
  settings.queues = 1;
  EXPECT_TRUE(check_rules(settings));
  settings.queues = 0;
  EXPECT_FALSE(check_rules(settings));
}

// Of both languages: the same in the same order.
TEST(NfqueueRules, TakeTheInterfacesThatAreNamed) {
  const std::string nft = nftables_rules(settings_of());
  EXPECT_THAT(nft, HasSubstr("oifname \"wan0\" iifname \"lan0\" goto look"));
  EXPECT_THAT(nft, HasSubstr("iifname \"wan0\" oifname \"lan0\" goto look"));
  const std::string iptables = iptables_rules(settings_of(), Family::ipv4, {});
  EXPECT_THAT(iptables, HasSubstr("-A SLUICE -o wan0 -i lan0 -j SLUICE-LOOK\n"));
  EXPECT_THAT(iptables, HasSubstr("-A SLUICE -i wan0 -o lan0 -j SLUICE-LOOK\n"));
  EXPECT_THAT(nftables_rules(settings_of("")), HasSubstr("oifname \"wan0\" goto look"));
  EXPECT_THAT(iptables_rules(settings_of(""), Family::ipv4, {}),
              HasSubstr("-A SLUICE -o wan0 -j SLUICE-LOOK\n"));
}

TEST(NfqueueRules, OfABridgeTakeItsPorts) {
  RuleSettings settings = settings_of();
  settings.bridged = true;
  const std::string rules = iptables_rules(settings, Family::ipv4, {});
  EXPECT_THAT(rules, HasSubstr("-m physdev --physdev-is-bridged --physdev-in lan0 --physdev-out "
                               "wan0 -j SLUICE-LOOK"));
  EXPECT_THAT(rules, HasSubstr("--physdev-in wan0 --physdev-out lan0 -j SLUICE-LOOK"));
  EXPECT_THAT(rules, Not(HasSubstr("-i lan0")));
  settings.local = true;
  EXPECT_FALSE(check_rules(settings)) << "a bridge has no connections of its own";
}

TEST(NfqueueRules, WithoutAWorkerPacketsPassOnlyIfTheyMay) {
  RuleSettings settings = settings_of();
  EXPECT_THAT(nftables_rules(settings), HasSubstr("queue num 100-101 bypass\n"));
  EXPECT_THAT(iptables_rules(settings, Family::ipv4, {}),
              HasSubstr("-j NFQUEUE --queue-balance 100:101 --queue-bypass\n"));
  settings.bypass = false;
  EXPECT_THAT(nftables_rules(settings), HasSubstr("queue num 100-101\n"));
  EXPECT_THAT(iptables_rules(settings, Family::ipv4, {}),
              HasSubstr("-j NFQUEUE --queue-balance 100:101\n"));
}

TEST(NfqueueRules, PacketsOfThisHostComeUpIfTheyAreWanted) {
  RuleSettings settings = settings_of();
  EXPECT_THAT(nftables_rules(settings), Not(HasSubstr("hook input")));
  settings.local = true;
  EXPECT_THAT(nftables_rules(settings), HasSubstr("hook input"));
  const std::string iptables = iptables_rules(settings, Family::ipv6, {});
  EXPECT_THAT(iptables, HasSubstr("-A INPUT -j SLUICE\n"));
  EXPECT_THAT(iptables, HasSubstr("-A OUTPUT -j SLUICE\n"));
}

// A gateway that starts finds what an earlier one left, with other settings perhaps.
TEST(NfqueueRules, JumpsAreMadeOnce) {
  RuleSettings settings = settings_of();
  const Jumps all = {true, true, true, true};
  const std::string again = iptables_rules(settings, Family::ipv4, all);
  EXPECT_THAT(again, Not(HasSubstr("-A FORWARD")));
  EXPECT_THAT(again, Not(HasSubstr("-A OUTPUT")));
  EXPECT_THAT(again, HasSubstr("-D INPUT -j SLUICE\n"));
  EXPECT_THAT(again, HasSubstr("-D OUTPUT -j SLUICE\n"));
  settings.local = true;
  EXPECT_THAT(iptables_rules(settings, Family::ipv4, all), Not(HasSubstr("-D ")));
}

TEST(NfqueueRules, RemovalTakesNothingThatIsNotThere) {
  EXPECT_THAT(iptables_removal({}), Not(HasSubstr("-D ")));
  const std::string all = iptables_removal({true, true, true, true});
  for (const char* jump : {"-D FORWARD -j SLUICE\n", "-D INPUT -j SLUICE\n",
                           "-D OUTPUT -j SLUICE\n", "-D OUTPUT -j SLUICE-OWN\n"}) {
    EXPECT_THAT(all, HasSubstr(jump));
  }
}

// Every chain that a rule goes to is made, and each that is made goes.
TEST(NfqueueRules, NameNoChainThatIsNotMade) {
  const std::string rules = iptables_rules(settings_of(), Family::ipv6, {});
  const std::string removal = iptables_removal({true, true, false, false});
  const std::regex target("-j (SLUICE[A-Z-]*)");
  for (std::sregex_iterator at(rules.begin(), rules.end(), target); at != std::sregex_iterator();
       ++at) {
    const std::string chain = (*at)[1];
    EXPECT_THAT(rules, HasSubstr(":" + chain + " - [0:0]\n"));
    EXPECT_THAT(removal, HasSubstr("-X " + chain + "\n"));
  }
}

}  // namespace
}  // namespace sluice::io
