#include "gateway/cli/doctor_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using io::Check;
using io::CheckList;
using io::Kind;

// Of each outcome one, and of each severity.
DoctorReport report_for(Kind kind) {
  CheckList checks(kind);
  checks.ok(Check::kernel, "host", "Linux 6.1.0");
  checks.failed(Check::bpf_jit, "host", "BPF programs are interpreted",
                {{"sysctl", "-w", "net.core.bpf_jit_enable=1"}, true});
  checks.ok(Check::named, "eth1");
  checks.ok(Check::named, "eth2");
  checks.failed(Check::up, "eth1", "is down", {{"ip", "link", "set", "eth1", "up"}, true});
  checks.failed(Check::no_address, "eth1", "has the address 192.0.2.1",
                {{"ip", "address", "flush", "dev", "eth1"}, false});
  checks.unknown(Check::no_merging, "eth2", "the driver does not tell its offloads");
  return {.kind = kind, .results = checks.take()};
}

TEST(DoctorReport, GroupsBySubjectAndCountsWhatIsWrong) {
  EXPECT_EQ(
      to_text(report_for(Kind::xdp)),
      "host\n"
      "  ok       kernel: Linux 6.1.0\n"
      "  slows    BPF programs are interpreted\n"
      "           run: sysctl -w net.core.bpf_jit_enable=1\n"
      "eth1\n"
      "  ok       is named in the configuration\n"
      "  breaks   is down\n"
      "           run: ip link set eth1 up\n"
      "  risks    has the address 192.0.2.1\n"
      "           run: ip address flush dev eth1\n"
      "eth2\n"
      "  ok       is named in the configuration\n"
      "  unknown  receive offloads merge no frames: the driver does not tell its offloads\n"
      "\n"
      "3 findings for [dataplane] type \"xdp\": 1 breaking traffic, 1 risking some, 1 slowing "
      "it\n");
}

TEST(DoctorReport, SaysForWhomANoteIsMore) {
  DoctorReport report = report_for(Kind::pcap);
  report.results.resize(2);
  EXPECT_EQ(to_text(report),
            "host\n"
            "  ok       kernel: Linux 6.1.0\n"
            "  note     BPF programs are interpreted\n"
            "           matters to: xdp\n"
            "           run: sysctl -w net.core.bpf_jit_enable=1\n"
            "\n"
            "nothing wrong for [dataplane] type \"pcap\"\n");
  EXPECT_FALSE(has_findings(report.results));
}

TEST(DoctorReport, CountsOne) {
  DoctorReport report = report_for(Kind::xdp);
  report.results.resize(2);
  EXPECT_TRUE(
      to_text(report).ends_with("\n1 finding for [dataplane] type \"xdp\": 1 slowing it\n"));
  EXPECT_TRUE(has_findings(report.results));
}

TEST(DoctorReport, IsOneJsonDocument) {
  DoctorReport report = report_for(Kind::xdp);
  const auto plain = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(plain["dataplane"], "xdp");
  EXPECT_EQ(plain["findings"], 3);
  ASSERT_EQ(plain["checks"].size(), 7U);
  EXPECT_EQ(plain["checks"][4], (nlohmann::json{{"check", "up"},
                                                {"subject", "eth1"},
                                                {"outcome", "failed"},
                                                {"severity", "breaks"},
                                                {"matters_to", {"pcap", "xdp", "nfqueue"}},
                                                {"found", "is down"},
                                                {"command", "ip link set eth1 up"},
                                                {"safe", true}}));
  EXPECT_TRUE(plain["checks"][0]["command"].is_null());
  EXPECT_EQ(plain["checks"][6]["outcome"], "unknown");
  EXPECT_FALSE(plain.contains("fixes"));

  report.fixes = {{{{"ip", "link", "set", "eth1", "up"}, true}, "exit status 2"},
                  {{{"sysctl", "-w", "a=1"}, true}, ""}};
  const auto fixed = nlohmann::json::parse(to_json(report));
  ASSERT_EQ(fixed["fixes"].size(), 2U);
  EXPECT_EQ(fixed["fixes"][0]["error"], "exit status 2");
  EXPECT_TRUE(fixed["fixes"][1]["error"].is_null());
}

// Interface names are bytes.
TEST(DoctorReport, JsonOfANameThatIsNotUtf8) {
  CheckList checks(Kind::pcap);
  checks.failed(Check::up, "eth\xff", "is down", {{"ip", "link", "set", "eth\xff", "up"}, true});
  const auto json = nlohmann::json::parse(to_json({.kind = Kind::pcap, .results = checks.take()}));
  EXPECT_EQ(json["checks"][0]["subject"], "eth\xef\xbf\xbd");
}

}  // namespace
}  // namespace sluice::cli
