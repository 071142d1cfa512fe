#include "gateway/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/cli/command_words.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(CommandLine, Run) {
  const auto plain = parse_as<RunCommand>({"run", "--config", "f.toml"});
  EXPECT_EQ(plain.config, "f.toml");
  EXPECT_FALSE(plain.inside || plain.outside || plain.metrics_listen || plain.audit_file);
  EXPECT_FALSE(plain.check);
  EXPECT_TRUE(parse_as<RunCommand>({"run", "-c", "f.toml", "--check"}).check);

  const auto full =
      parse_as<RunCommand>({"run", "-c", "f.toml", "--inside", "eth1", "--outside", "eth2",
                            "--metrics=[::1]:9464", "--audit", "-", "--dataplane", "xdp"});
  EXPECT_EQ(full.dataplane, io::Kind::xdp);
  EXPECT_EQ(full.inside, "eth1");
  EXPECT_EQ(full.outside, "eth2");
  EXPECT_EQ(full.metrics_listen, "[::1]:9464");
  EXPECT_EQ(full.audit_file, "-");
}

TEST(CommandLine, Detach) {
  const auto plain = parse_as<DetachCommand>({"detach", "--config", "f.toml"});
  EXPECT_EQ(plain.config, "f.toml");
  EXPECT_FALSE(plain.inside || plain.outside);
  const auto full =
      parse_as<DetachCommand>({"detach", "-c", "f.toml", "--inside", "eth1", "--outside", "eth2"});
  EXPECT_EQ(full.inside, "eth1");
  EXPECT_EQ(full.outside, "eth2");
}

TEST(CommandLine, Rules) {
  using Tool = RulesCommand::Tool;
  const auto plain = parse_as<RulesCommand>({"rules", "--print", "--config", "f.toml"});
  EXPECT_EQ(plain.config, "f.toml");
  EXPECT_EQ(plain.tool, Tool::nft);
  EXPECT_EQ(parse_as<RulesCommand>({"rules", "-p", "-c", "f.toml", "--tool", "iptables"}).tool,
            Tool::iptables);
  EXPECT_EQ(parse_as<RulesCommand>({"rules", "-p", "-c", "f.toml", "--tool", "ip6tables"}).tool,
            Tool::ip6tables);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"rules", "--config", "f.toml"},
        {"rules", "--print"},
        {"rules", "-p", "-c", "f.toml", "--tool", "ebtables"}}) {
    EXPECT_FALSE(parse_command_line(wrong));
  }
}

TEST(CommandLine, Replay) {
  const auto plain = parse_as<ReplayCommand>({"replay", "--read", "in.pcap"});
  EXPECT_EQ(plain.read, "in.pcap");
  EXPECT_EQ(plain.write + plain.events + plain.config, "");
  EXPECT_FALSE(plain.verify_checksums);

  const auto full = parse_as<ReplayCommand>({"replay", "-r", "in.pcap", "-w", "out.pcap", "-e", "-",
                                             "-c", "f.toml", "--verify-checksums"});
  EXPECT_EQ(full.write, "out.pcap");
  EXPECT_EQ(full.events, "-");
  EXPECT_EQ(full.config, "f.toml");
  EXPECT_TRUE(full.verify_checksums);
}

TEST(CommandLine, Inspect) {
  const auto plain = parse_as<InspectCommand>({"inspect", "--read", "-"});
  EXPECT_EQ(plain.read, "-");
  EXPECT_EQ(plain.config, "");
  EXPECT_FALSE(plain.verify_checksums);
  EXPECT_TRUE(
      parse_as<InspectCommand>({"inspect", "-r", "a", "--verify-checksums"}).verify_checksums);
}

TEST(CommandLine, Check) {
  EXPECT_THAT(parse_as<CheckCommand>({"check"}).names, IsEmpty());  // from standard input
  const auto full = parse_as<CheckCommand>(
      {"check", "a.example", "--client", "2001:db8::1", "b", "--json", "--config", "f.toml"});
  EXPECT_THAT(full.names, ElementsAre("a.example", "b"));
  EXPECT_EQ(full.client, IpAddress::parse("2001:db8::1"));
  EXPECT_TRUE(full.json);
  EXPECT_EQ(full.config, "f.toml");
}

TEST(CommandLine, CheckOfAnImage) {
  EXPECT_EQ(parse_as<CheckCommand>({"check", "a"}).image, std::nullopt);
  EXPECT_EQ(parse_as<CheckCommand>({"check", "--image", "f.image", "a"}).image, "f.image");
}

TEST(CommandLine, Doctor) {
  const auto plain = parse_as<DoctorCommand>({"doctor"});
  EXPECT_EQ(plain.config, "");
  EXPECT_FALSE(plain.dataplane || plain.inside || plain.outside || plain.fix || plain.json);

  const auto full =
      parse_as<DoctorCommand>({"doctor", "-c", "f.toml", "--dataplane", "xdp", "--inside", "eth1",
                               "--outside", "eth2", "--fix", "--json"});
  EXPECT_EQ(full.config, "f.toml");
  EXPECT_EQ(full.dataplane, io::Kind::xdp);
  EXPECT_EQ(full.inside, "eth1");
  EXPECT_EQ(full.outside, "eth2");
  EXPECT_TRUE(full.fix && full.json);
}

TEST(CommandLine, ANameMayLookLikeAnOption) {
  EXPECT_THAT(parse_as<CheckCommand>({"check", "--", "--json"}).names, ElementsAre("--json"));
}

TEST(CommandLine, HelpIsAnAnswerOfStatusZero) {
  for (const char* word : {"--help", "-h", "help"}) {
    const Answer answer = answer_to({word});
    EXPECT_EQ(answer.exit_status, 0);
    for (const char* command : {"run ", "replay ", "inspect ", "check ", "lists "}) {
      EXPECT_THAT(answer.text, HasSubstr(command));
    }
  }
}

TEST(CommandLine, HelpOfEachCommandHasUsageExamplesAndExitStatus) {
  for (const char* command : {"run", "replay", "inspect", "check", "doctor"}) {
    for (const char* flag : {"--help", "-h"}) {
      const Answer answer = answer_to({command, flag});
      EXPECT_EQ(answer.exit_status, 0) << command;
      EXPECT_THAT(answer.text, HasSubstr("usage: sluice " + std::string(command)));
      EXPECT_THAT(answer.text, HasSubstr("examples:\n  sluice " + std::string(command)));
      EXPECT_THAT(answer.text, HasSubstr("exit status: 0"));
      EXPECT_THAT(answer.text, HasSubstr("--config"));
    }
  }
}

TEST(CommandLine, TheVersionHasANumber) {
  const Answer answer = answer_to({"--version"});
  EXPECT_EQ(answer.exit_status, 0);
  EXPECT_THAT(answer.text, testing::ContainsRegex("^sluice [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
}

TEST(CommandLine, NoWordsGetTheOverview) {
  const Answer answer = answer_to({});
  EXPECT_EQ(answer.exit_status, 2);
  EXPECT_THAT(answer.text, HasSubstr("usage: sluice COMMAND"));
}

TEST_P(WrongUsage, IsStatusTwoAndNamesTheWord) {
  const Answer answer = answer_to(GetParam().words);
  EXPECT_EQ(answer.exit_status, 2);
  EXPECT_THAT(answer.text, testing::StartsWith("sluice: "));
  // In the message itself: the usage below it names everything.
  EXPECT_THAT(answer.text.substr(0, answer.text.find('\n')), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, WrongUsage,
    testing::Values(
        Wrong{"UnknownCommand", {"frobnicate"}, "\"frobnicate\""},
        Wrong{"OptionBeforeCommand", {"--config", "f", "run"}, "\"--config\""},
        Wrong{"UnknownOption", {"inspect", "--nonsense"}, "'--nonsense'"},
        Wrong{"UnknownShortOption", {"inspect", "-x"}, "'-x'"},
        Wrong{"RunWithoutConfig", {"run"}, "--config is missing"},
        Wrong{"ReplayWithoutCapture", {"replay"}, "--read is missing"},
        Wrong{"InspectWithoutCapture", {"inspect"}, "--read is missing"},
        Wrong{"OptionWithoutValue", {"replay", "--read"}, "'--read'"},
        Wrong{"OptionTwice", {"inspect", "--read", "a", "--read", "b"}, "'--read'"},
        Wrong{"FlagWithValue", {"check", "--json=yes"}, "'--json'"},
        Wrong{
            "CaptureWithoutOption", {"inspect", "office.pcap"}, "\"office.pcap\" is not an option"},
        Wrong{"MoreWordsThanOptions",
              {"replay", "--read", "in.pcap", "out.pcap"},
              "\"out.pcap\" is not an option"},
        Wrong{"WordBesideRun", {"run", "--config", "f", "eth1"}, "\"eth1\" is not an option"},
        Wrong{"ClientThatIsNoAddress", {"check", "--client", "office", "a"}, "\"office\""},
        Wrong{"ClientThatIsAPrefix", {"check", "--client", "10.0.0.0/8", "a"}, "\"10.0.0.0/8\""},
        Wrong{"ImageBesideConfiguration",
              {"check", "--image", "a", "--config", "b", "c"},
              "--image and --config are mutually exclusive"},
        Wrong{"DataplaneThatIsNone", {"doctor", "--dataplane", "dpdk"}, "\"dpdk\""},
        Wrong{"WordBesideDoctor", {"doctor", "eth1"}, "\"eth1\" is not an option"},
        Wrong{"OptionOfAnotherCommand", {"check", "--read", "in.pcap"}, "'--read'"}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace sluice::cli
