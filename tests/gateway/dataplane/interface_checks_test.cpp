#include "gateway/dataplane/interfaces/interface_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::io {
namespace {

using Outcome = InterfaceCheck::Outcome;

// Null: not made.
const InterfaceCheck* find(const std::vector<InterfaceCheck>& checks, Check what,
                           std::string_view interface) {
  const auto found = std::ranges::find_if(checks, [&](const InterfaceCheck& check) {
    return check.what == what && check.interface == interface;
  });
  return found == checks.end() ? nullptr : &*found;
}

TEST(InterfaceChecks, NameWhatIsMissing) {
  const auto checks = check_interfaces("nosuch0", "nosuch1");
  EXPECT_EQ(problems_of(checks),
            "nosuch0: no such interface; run: ip -br link\n"
            "nosuch1: no such interface; run: ip -br link");
  EXPECT_EQ(find(checks, Check::up, "nosuch0"), nullptr);
}

TEST(InterfaceChecks, RefuseOneInterfaceTwice) {
  EXPECT_EQ(problems_of(check_interfaces("lo", "lo")),
            "lo: inside and outside are the same interface");
}

TEST(InterfaceChecks, SayWhichSideHasNoInterface) {
  EXPECT_EQ(problems_of(check_interfaces("lo", "")),
            "outside: no interface is configured; set [dataplane] outside or --outside");
}

TEST(InterfaceChecks, TellEachOutcome) {
  const auto checks = check_interfaces("lo", "nosuch1");
  const InterfaceCheck* const exists = find(checks, Check::exists, "lo");
  ASSERT_NE(exists, nullptr);
  EXPECT_EQ(exists->outcome, Outcome::ok);
  EXPECT_EQ(to_string(*exists), "lo: exists: ok");
  const InterfaceCheck* const ethernet = find(checks, Check::ethernet, "lo");
  ASSERT_NE(ethernet, nullptr);
  EXPECT_EQ(ethernet->outcome, Outcome::failed);
  EXPECT_EQ(to_string(*ethernet), "lo: is not an Ethernet interface");
  EXPECT_EQ(find(checks, Check::same_mtu, "nosuch1"), nullptr);
}

TEST(InterfaceChecks, AMissingInterfaceHasNoMtu) {
  EXPECT_EQ(mtu_of("nosuch0"), 0U);
}

}  // namespace
}  // namespace sluice::io
