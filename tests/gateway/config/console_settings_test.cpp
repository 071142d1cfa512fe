#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/config/config.h"
#include "tests/gateway/config/errors.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

StartSettings::Console console_of(const std::string& text) {
  auto config = parse(text, "/etc/sluice/sluice.toml");
  if (config) return config->start.console;
  for (const ConfigError& error : config.error()) ADD_FAILURE() << error.to_string();
  return {};
}

TEST(ConsoleSettings, AreRead) {
  const StartSettings::Console console = console_of(R"(
    [console]
    listen = "[2001:db8::7]:9465"
    token_file = "console.token"
    allow = ["2001:db8::/32"]
  )");
  ASSERT_TRUE(console.listen);
  EXPECT_EQ(console.listen->to_string(), "[2001:db8::7]:9465");
  EXPECT_EQ(console.token_file, "/etc/sluice/console.token");
  EXPECT_THAT(console.allow, ElementsAre(IpPrefix::parse("2001:db8::/32").value()));
}

TEST(ConsoleSettings, WithoutAnAddressThereIsNoConsole) {
  EXPECT_FALSE(console_of("").listen);
  EXPECT_FALSE(console_of("[console]\nlisten = \"\"\n").listen);
}

// Whoever reaches the address could read which clients try which apps.
TEST(ConsoleSettings, OthersNeedAToken) {
  for (const char* address : {"127.0.0.1:9465", "127.9.9.9:9465", "[::1]:9465"}) {
    EXPECT_TRUE(console_of(std::string("[console]\nlisten = \"") + address + "\"\n").listen);
  }
  for (const char* address :
       {"192.0.2.7:9465", "0.0.0.0:9465", "[::]:9465", "[2001:db8::7]:9465"}) {
    const std::string table = std::string("[console]\nlisten = \"") + address + "\"\n";
    EXPECT_THAT(errors_of(table),
                ElementsAre(HasSubstr(std::string("console.token_file: is required because ") +
                                      address + " is no loopback address")));
    EXPECT_TRUE(console_of(table + "token_file = \"token\"\n").listen) << address;
  }
}

TEST(ConsoleSettings, AConsoleWantsRecords) {
  StartSettings start;
  EXPECT_FALSE(start.keeps_records());
  start.console.listen = Endpoint{};
  EXPECT_TRUE(start.keeps_activity());
  EXPECT_TRUE(start.keeps_records());
}

TEST(ConsoleSettings, MistakesAreTold) {
  EXPECT_THAT(errors_of("[console]\nlisten = \"localhost:9465\"\n"),
              ElementsAre(HasSubstr(
                  ":2: console.listen: \"localhost:9465\" is not an IP address with a port")));
  EXPECT_THAT(errors_of("[console]\nallow = [\"office\"]\n"),
              ElementsAre(HasSubstr(":2: console.allow[0]: \"office\" is not an IP address")));
  EXPECT_THAT(errors_of("[console]\ntoken_file = \"-\"\n"),
              ElementsAre(HasSubstr(":2: console.token_file: \"-\" is no file")));
  EXPECT_THAT(errors_of("[console]\ntoken = \"abc\"\n"),
              ElementsAre(HasSubstr(":2: console.token")));
}

}  // namespace
}  // namespace sluice::config
