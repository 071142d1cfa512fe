#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/cli/command_words.h"

namespace sluice::cli {
namespace {

using control::Request;
using testing::HasSubstr;

TEST(ControlCommandLine, EachCommandIsARequest) {
  const std::vector<std::pair<Words, Request>> rows = {
      {{"status"}, {.command = control::Command::status}},
      {{"explain", "web.wechat.com"},
       {.command = control::Command::explain, .name = "web.wechat.com"}},
      {{"explain", "--client", "10.1.2.3", "a"},
       {.command = control::Command::explain, .name = "a", .client = IpAddress::parse("10.1.2.3")}},
      {{"flows"}, {.command = control::Command::flows}},
      {{"flows", "--limit", "7"}, {.command = control::Command::flows, .limit = 7}},
      {{"clients", "--limit=4096"}, {.command = control::Command::clients, .limit = 4096}},
      {{"reload"}, {.command = control::Command::reload}},
      {{"reload", "--accept"}, {.command = control::Command::reload, .accept = true}},
      {{"rollback"}, {.command = control::Command::rollback}},
      {{"rollback", "dept", "--to", "3"},
       {.command = control::Command::rollback, .source = "dept", .to = 3}},
      {{"rollback", "--resume"}, {.command = control::Command::rollback, .resume = true}},
      {{"log-level"}, {.command = control::Command::log_level}},
      {{"log-level", "debug"}, {.command = control::Command::log_level, .level = "debug"}}};
  for (const auto& [words, wanted] : rows) {
    const auto command = parse_as<ControlCommand>(words);
    EXPECT_EQ(command.request, wanted) << testing::PrintToString(words);
    EXPECT_EQ(command.socket, kControlSocket);
    EXPECT_FALSE(command.json);
  }
}

TEST(ControlCommandLine, SocketAndJsonAreOfAll) {
  for (const char* word : {"status", "flows", "clients", "reload", "rollback", "log-level"}) {
    const auto command = parse_as<ControlCommand>({word, "--socket", "/tmp/s", "--json"});
    EXPECT_EQ(command.socket, "/tmp/s");
    EXPECT_TRUE(command.json);
  }
}

TEST(ControlCommandLine, Top) {
  const auto plain = parse_as<TopCommand>({"top"});
  EXPECT_EQ(plain.socket, kControlSocket);
  EXPECT_EQ(plain.interval, 2U);
  EXPECT_FALSE(plain.once);
  const auto full = parse_as<TopCommand>({"top", "--once", "--interval", "60", "--socket", "s"});
  EXPECT_EQ(full.socket, "s");
  EXPECT_EQ(full.interval, 60U);
  EXPECT_TRUE(full.once);
}

TEST(ControlCommandLine, CaptureHasAFileAndBounds) {
  const auto plain = parse_as<CaptureCommand>({"capture", "--write", "f.pcap"});
  EXPECT_EQ(plain.write, "f.pcap");
  EXPECT_EQ(plain.socket, kControlSocket);
  EXPECT_EQ(plain.limit, std::nullopt);
  const auto full =
      parse_as<CaptureCommand>({"capture", "-w", "-", "--limit", "7", "--seconds", "9"});
  EXPECT_EQ(full.write, "-");
  EXPECT_EQ(full.limit, 7U);
  EXPECT_EQ(full.seconds, 9U);
}

TEST(ControlCommandLine, HelpNamesTheExitStatus) {
  for (const char* word : {"status", "top", "explain", "flows", "capture", "clients", "reload",
                           "rollback", "log-level"}) {
    const Answer answer = answer_to({word, "--help"});
    EXPECT_EQ(answer.exit_status, 0);
    EXPECT_THAT(answer.text, HasSubstr("exit status: 0"));
    EXPECT_THAT(answer.text, HasSubstr("--socket"));
    EXPECT_THAT(answer_to({"--help"}).text, HasSubstr("  " + std::string(word) + ' '));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Control, WrongUsage,
    testing::Values(
        Wrong{"explain_nothing", {"explain"}, "NAME is missing"},
        Wrong{"explain_two", {"explain", "a", "b"}, "\"b\" is one word too many"},
        Wrong{"explain_client", {"explain", "a", "--client", "x"}, "\"x\" is not an IP address"},
        Wrong{"status_word", {"status", "now"}, "now"},
        Wrong{"flows_limit", {"flows", "--limit", "513"}, "from 1 to 512"},
        Wrong{"clients_limit", {"clients", "--limit", "0"}, "from 1 to 4096"},
        Wrong{"top_interval", {"top", "--interval", "0"}, "from 1 to 60"},
        Wrong{"capture_nowhere", {"capture"}, "--write is missing"},
        Wrong{"capture_limit", {"capture", "-w", "f", "--limit", "100001"}, "from 1 to 100000"},
        Wrong{"capture_seconds", {"capture", "-w", "f", "--seconds", "0"}, "from 1 to 3600"},
        Wrong{"rollback_both", {"rollback", "--to", "1", "--resume"}, "mutually exclusive"},
        Wrong{"log_level_word", {"log-level", "loud"}, "none of: debug, info, warn, error"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sluice::cli
