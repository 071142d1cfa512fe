#include "gateway/dataplane/pcap/interface_checks.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::io {
namespace {

std::string all(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += problem + "\n";
  return text;
}

TEST(InterfaceChecks, NameWhatIsMissing) {
  const std::string problems = all(check_interfaces("nosuch0", "nosuch1"));
  EXPECT_NE(problems.find("nosuch0"), std::string::npos) << problems;
  EXPECT_NE(problems.find("nosuch1"), std::string::npos) << problems;
}

TEST(InterfaceChecks, RefuseOneInterfaceTwice) {
  EXPECT_FALSE(check_interfaces("lo", "lo").empty());
}

TEST(InterfaceChecks, RefuseWhatIsNotEthernet) {
  const std::string problems = all(check_interfaces("lo", "nosuch1"));
  EXPECT_NE(problems.find("lo"), std::string::npos) << problems;
}

TEST(InterfaceChecks, AMissingInterfaceHasNoMtu) {
  EXPECT_EQ(mtu_of("nosuch0"), 0U);
}

}  // namespace
}  // namespace sluice::io
