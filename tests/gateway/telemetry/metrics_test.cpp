#include "gateway/telemetry/metrics.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

Labels labels() {
  return {.verdicts = {"pass", "drop", "pass_flow", "drop_flow", "replace"},
          .reasons = {"allowed", "banned"},
          .protocols = {"dns", "tls", "quic", "http", "mmtls", "ip"},
          .actions = {"allow", "log", "drop", "reject"},
          .removals = {"closed", "idle", "full", "reset", "late"},
          .errors = {{"packet", "truncated"}, {"", ""}, {"tls", "malformed"}}};
}

ListsStatus lists(std::vector<std::string> apps) {
  apps.emplace_back("*");
  return {.apps = std::move(apps),
          .lists = {{"wechat", "wechat", "0123456789abcdef", 33, 2,
                     std::chrono::system_clock::now() - std::chrono::hours(1)},
                    {"ex\"tra\\", "*", "fedcba9876543210", 1, 0, std::chrono::system_clock::now()}},
          .rules = 34,
          .memory_bytes = 4096};
}

// Two workers and their metrics page.
class Page : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> lines() const {
    std::istringstream stream(metrics.text());
    std::vector<std::string> result;
    for (std::string line; std::getline(stream, line);) result.push_back(line);
    return result;
  }
  // The value of a series; "" if there is no such series.
  [[nodiscard]] std::string value(const std::string& series) const {
    for (const std::string& line : lines()) {
      if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
    }
    return "";
  }
  static std::string tls_drops(const std::string& app) {
    return "sluice_decisions_total{app=\"" + app + "\",protocol=\"tls\",action=\"drop\"}";
  }

  static constexpr std::size_t kTls = 1, kDrop = 2, kBanned = 1;
  std::unique_ptr<WorkerCounters> one = std::make_unique<WorkerCounters>();
  std::unique_ptr<WorkerCounters> two = std::make_unique<WorkerCounters>();
  ResolverCounters resolver;
  Metrics metrics{labels(), {{one.get(), two.get()}, &resolver}};
};

// A disk that is full must be seen by whoever watches.
TEST_F(Page, CountsWhatTheTrailTookAndLost) {
  Metrics with_trail{labels(),
                     {.workers = {one.get(), two.get()}, .resolver = &resolver, .audit = [] {
                        return AuditStatus{.written = 7, .failed = 3, .lost_beside = 5};
                      }}};
  EXPECT_THAT(with_trail.text(), HasSubstr("sluice_audit_written_total 7\n"));
  EXPECT_THAT(with_trail.text(), HasSubstr("sluice_audit_write_failed_total 3\n"));
  EXPECT_THAT(with_trail.text(), HasSubstr("sluice_audit_copies_lost_total 5\n"));
  EXPECT_THAT(metrics.text(), Not(HasSubstr("sluice_audit_written_total")));
}

TEST_F(Page, HasTheLinksThatAreCoupled) {
  const Metrics coupled{labels(),
                        {.workers = {one.get(), two.get()}, .resolver = &resolver, .links = [] {
                           return std::vector<LinkStatus>{
                               {.port = "inside", .is_up = true, .has_carrier = true},
                               {.port = "outside", .has_carrier = true, .downs = 3, .ups = 2}};
                         }}};
  for (const char* line :
       {"sluice_link_up{port=\"inside\"} 1\n", "sluice_link_up{port=\"outside\"} 0\n",
        "sluice_link_changes_total{port=\"inside\",to=\"down\"} 0\n",
        "sluice_link_changes_total{port=\"outside\",to=\"down\"} 3\n",
        "sluice_link_changes_total{port=\"outside\",to=\"up\"} 2\n"}) {
    EXPECT_THAT(coupled.text(), HasSubstr(line));
  }
  EXPECT_THAT(metrics.text(), Not(HasSubstr("sluice_link")));
}

TEST_F(Page, CountsShadowsByPolicyAndAppAcrossReloads) {
  const auto on_trial = [](std::vector<std::string> apps, std::vector<std::string> policies) {
    ListsStatus status = lists(std::move(apps));
    status.shadow_policies = std::move(policies);
    return status;
  };
  const std::string series =
      "sluice_shadow_decisions_total{policy=\"trial\",app=\"chat\",would=\"drop\"}";
  metrics.publish(on_trial({"wechat", "chat"}, {"first", "trial"}));
  EXPECT_EQ(value(series), "");
  one->shadows[1][1][kDrop].add();
  two->shadows[1][1][kDrop].add();
  EXPECT_EQ(value(series), "2");
  // Slot and index are another's now.
  metrics.publish(on_trial({"chat"}, {"trial"}));
  EXPECT_EQ(value(series), "2");
  one->shadows[0][0][kDrop].add();
  EXPECT_EQ(value(series), "3");
  metrics.publish(on_trial({"chat"}, {}));
  EXPECT_EQ(value(series), "");
}

TEST_F(Page, SaysWhatTheProcessUses) {
  EXPECT_GT(std::stod(value("process_resident_memory_bytes")), 1 << 20);
  const double before = std::stod(value("process_open_fds"));
  const int more = ::dup(0);
  EXPECT_EQ(std::stod(value("process_open_fds")), before + 1);
  ::close(more);
  EXPECT_EQ(std::stod(value("process_open_fds")), before);
}

// All families of gateway/telemetry/README.md.
TEST_F(Page, HasEveryFamilyOnceWithHelpAndType) {
  metrics.publish(lists({"wechat"}));
  std::vector<std::pair<std::string, std::string>> wanted = {
      {"sluice_packets_total", "counter"},
      {"sluice_decisions_total", "counter"},
      {"sluice_shadow_decisions_total", "counter"},
      {"sluice_schedule_in_force", "gauge"},
      {"sluice_schedule_next_change_timestamp_seconds", "gauge"},
      {"sluice_parse_errors_total", "counter"},
      {"sluice_flow_evictions_total", "counter"},
      {"sluice_packet_processing_seconds", "histogram"},
      {"sluice_list_info", "gauge"},
      {"sluice_list_entries", "gauge"},
      {"sluice_list_refused_lines", "gauge"},
      {"sluice_list_age_seconds", "gauge"},
      {"sluice_rules", "gauge"},
      {"sluice_domain_set_bytes", "gauge"},
      {"sluice_reloads_total", "counter"},
      {"sluice_reload_last_ok", "gauge"},
      {"sluice_reload_refused", "gauge"},
      {"sluice_ban_in_force", "gauge"},
      {"sluice_build_info", "gauge"},
      {"process_start_time_seconds", "gauge"},
      {"process_cpu_seconds_total", "counter"},
      {"process_resident_memory_bytes", "gauge"},
      {"process_open_fds", "gauge"},
      {"process_max_fds", "gauge"}};
#define SLUICE_X(member, metric, help) wanted.emplace_back(metric, "counter");
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_RESOLVER_COUNTERS(SLUICE_X)
#undef SLUICE_X
#define SLUICE_X(member, metric, help) wanted.emplace_back(metric, "gauge");
  SLUICE_GAUGES(SLUICE_X)
  SLUICE_RESOLVER_GAUGES(SLUICE_X)
#undef SLUICE_X
  const std::vector<std::string> page = lines();
  for (const auto& [name, type] : wanted) {
    EXPECT_EQ(std::ranges::count(page, "# TYPE " + name + " " + type), 1) << name;
    EXPECT_EQ(std::ranges::count_if(
                  page, [&](const auto& line) { return line.starts_with("# HELP " + name + " "); }),
              1)
        << name;
  }
  const auto types =
      std::ranges::count_if(page, [](const auto& line) { return line.starts_with("# TYPE "); });
  EXPECT_EQ(static_cast<std::size_t>(types), wanted.size());
}

// https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
TEST_F(Page, IsInTheExpositionFormat) {
  metrics.publish(lists({"wechat", "odd \"app\"\n\\"}));
  one->verdicts[1][kBanned].add();
  one->packet_time.observe(123);
  const std::string label = "[a-z_]+=\"(?:[^\"\\\\\n]|\\\\[\\\\n\"])*\"";
  const std::regex sample("[a-z_]+(?:\\{" + label + "(?:," + label +
                          ")*\\})? (?:[0-9.e+-]+|\\+Inf|NaN)");
  const std::regex comment("# (?:HELP [a-z_]+ .+|TYPE [a-z_]+ (?:counter|gauge|histogram))");
  std::set<std::string> series;
  for (const std::string& line : lines()) {
    if (line.starts_with("#")) {
      EXPECT_TRUE(std::regex_match(line, comment)) << line;
    } else {
      EXPECT_TRUE(std::regex_match(line, sample)) << line;
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
    }
  }
}

TEST_F(Page, SumsWorkers) {
  one->packets.add(3);
  two->packets.add(4);
  two->streams.set(5);
  one->verdicts[1][kBanned].add(6);
  two->verdicts[1][kBanned].add(1);
  one->errors[2].add(8);
  two->removals[1].add(9);
  EXPECT_EQ(value("sluice_packets_received_total"), "7");
  EXPECT_EQ(value("sluice_streams"), "5");
  EXPECT_EQ(value("sluice_packets_total{verdict=\"drop\",reason=\"banned\"}"), "7");
  EXPECT_EQ(value("sluice_parse_errors_total{layer=\"tls\",reason=\"malformed\"}"), "8");
  EXPECT_EQ(value("sluice_flow_evictions_total{reason=\"idle\"}"), "9");
}

TEST_F(Page, HasTheCountersOfTheResolver) {
  resolver.resolutions.add(2);
  resolver.resolutions_failed.add(3);
  resolver.resolved_addresses.set(4);
  EXPECT_EQ(value("sluice_resolutions_total"), "2");
  EXPECT_EQ(value("sluice_resolutions_failed_total"), "3");
  EXPECT_EQ(value("sluice_resolved_addresses"), "4");
}

TEST_F(Page, LeavesOutPairsThatNeverWereAndSlotsWithoutName) {
  EXPECT_EQ(value("sluice_packets_total{verdict=\"pass\",reason=\"banned\"}"), "");
  EXPECT_THAT(metrics.text(), Not(HasSubstr("reason=\"\"")));
}

TEST_F(Page, DropsOfEveryAppAreThereFromTheStart) {
  metrics.publish(lists({"wechat", "tiktok"}));
  EXPECT_EQ(value(tls_drops("wechat")), "0");
  EXPECT_EQ(value(tls_drops("tiktok")), "0");
  EXPECT_EQ(value(tls_drops("*")), "");
  one->decisions[1][kTls][kDrop].add(2);
  two->decisions[1][kTls][kDrop].add(3);
  one->decisions[kApps - 1][kTls][0].add();
  EXPECT_EQ(value(tls_drops("tiktok")), "5");
  EXPECT_EQ(value(tls_drops("wechat")), "0");
  EXPECT_EQ(value("sluice_decisions_total{app=\"*\",protocol=\"tls\",action=\"allow\"}"), "1");
}

// Workers count by the index of the app, and a reload may give the index to another app.
TEST_F(Page, DecisionsStayWithTheirAppWhenAReloadMovesIt) {
  metrics.publish(lists({"wechat", "tiktok"}));
  one->decisions[0][kTls][kDrop].add(10);
  one->decisions[1][kTls][kDrop].add(20);
  metrics.publish(lists({"kaspersky", "wechat", "tiktok"}));
  EXPECT_EQ(value(tls_drops("kaspersky")), "0");
  EXPECT_EQ(value(tls_drops("wechat")), "10");
  EXPECT_EQ(value(tls_drops("tiktok")), "20");
  one->decisions[0][kTls][kDrop].add(1);
  two->decisions[1][kTls][kDrop].add(2);
  metrics.publish(lists({"wechat"}));
  metrics.publish(lists({"tiktok", "wechat"}));
  EXPECT_EQ(value(tls_drops("wechat")), "12");
  EXPECT_EQ(value(tls_drops("tiktok")), "0");  // it was removed: its counter starts again
}

TEST_F(Page, SaysWhichListsAreInForce) {
  metrics.publish(lists({"wechat"}));
  EXPECT_EQ(value("sluice_list_info{list=\"wechat\",app=\"wechat\",version=\"0123456789abcdef\"}"),
            "1");
  EXPECT_EQ(value("sluice_list_entries{list=\"wechat\"}"), "33");
  EXPECT_EQ(value("sluice_list_refused_lines{list=\"wechat\"}"), "2");
  const double age = std::stod(value("sluice_list_age_seconds{list=\"wechat\"}"));
  EXPECT_GE(age, 3600);
  EXPECT_LT(age, 3600 + 600);
  EXPECT_EQ(value("sluice_list_entries{list=\"ex\\\"tra\\\\\"}"), "1");
  EXPECT_EQ(value("sluice_rules"), "34");
  EXPECT_EQ(value("sluice_domain_set_bytes"), "4096");

  metrics.publish({});
  EXPECT_EQ(value("sluice_list_entries{list=\"wechat\"}"), "");
  EXPECT_EQ(value("sluice_rules"), "0");
}

TEST_F(Page, CountsReloads) {
  EXPECT_EQ(value("sluice_reload_last_ok"), "1");
  metrics.reload_failed();
  EXPECT_EQ(value("sluice_reload_last_ok"), "0");
  metrics.reload_failed();
  metrics.reload_succeeded();
  EXPECT_EQ(value("sluice_reload_last_ok"), "1");
  EXPECT_EQ(value("sluice_reloads_total{result=\"ok\"}"), "1");
  EXPECT_EQ(value("sluice_reloads_total{result=\"failed\"}"), "2");
}

TEST_F(Page, TheHistogramIsCumulative) {
  one->packet_time.observe(50);
  two->packet_time.observe(200);
  two->packet_time.observe(20'000'000);
  const std::string buckets = "sluice_packet_processing_seconds_bucket";
  EXPECT_EQ(value(buckets + "{le=\"1e-07\"}"), "1");
  EXPECT_EQ(value(buckets + "{le=\"2.5e-07\"}"), "2");
  EXPECT_EQ(value(buckets + "{le=\"0.01\"}"), "2");
  EXPECT_EQ(value(buckets + "{le=\"+Inf\"}"), "3");
  EXPECT_EQ(value("sluice_packet_processing_seconds_count"), "3");
  EXPECT_DOUBLE_EQ(std::stod(value("sluice_packet_processing_seconds_sum")), 0.02000025);
}

TEST_F(Page, AnAddressThatIsTakenIsRefusedByName) {
  const int holder = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(holder, generic, size) != 0 || ::listen(holder, 1) != 0 ||
      ::getsockname(holder, generic, &size) != 0) {
    ::close(holder);
    GTEST_SKIP() << "no loopback interface here";
  }
  const std::string taken = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const auto listening = metrics.listen(taken);
  ::close(holder);
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error(), HasSubstr(taken));
}

// A connection to the page, or -1.
int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string ask(int fd) {
  constexpr std::string_view kRequest = "GET /metrics HTTP/1.0\r\n\r\n";
  static_cast<void>(::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL));
  std::string answer;
  std::array<char, 4096> part;
  for (ssize_t size = 0; (size = ::recv(fd, part.data(), part.size(), 0)) > 0;) {
    answer.append(part.data(), static_cast<std::size_t>(size));
  }
  ::close(fd);
  return answer;
}

// A port of loopback that nobody listens on; 0: no loopback here.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

// Bug: there was one thread, and half a request held it for half a minute.
TEST_F(Page, SlowScrapersDoNotKeepOthersOut) {
  const std::uint16_t port = free_port();
  if (port == 0) GTEST_SKIP() << "no loopback interface here";
  ASSERT_TRUE(metrics.listen("127.0.0.1:" + std::to_string(port)));
  metrics.serve();
  std::vector<int> slow;
  for (int i = 0; i < 10; ++i) {
    slow.push_back(connect_to(port));
    static_cast<void>(::send(slow.back(), "GET /met", 8, MSG_NOSIGNAL));
  }
  EXPECT_THAT(ask(connect_to(port)), HasSubstr("sluice_packets_received_total"));
  // They are let go, and hold no thread any more.
  std::array<char, 512> part;
  for (const int fd : slow) {
    while (::recv(fd, part.data(), part.size(), 0) > 0) {
    }
    ::close(fd);
  }
  EXPECT_THAT(ask(connect_to(port)), HasSubstr("sluice_packets_received_total"));
}

// Bug: the page was there before the dataplane was, and whoever waited for it took a gateway for
// one at work whose rules for IPv6 were not in yet.
TEST_F(Page, ThereIsNoPageBeforeTheGatewayIsAtWork) {
  const std::uint16_t port = free_port();
  if (port == 0) GTEST_SKIP() << "no loopback interface here";
  metrics.serve();  // nobody listens
  ASSERT_TRUE(metrics.listen("127.0.0.1:" + std::to_string(port)));
  const std::string early = ask(connect_to(port));
  EXPECT_THAT(early, HasSubstr(" 404 "));
  EXPECT_THAT(early, Not(HasSubstr("sluice_rules")));
  metrics.serve();
  EXPECT_THAT(ask(connect_to(port)), HasSubstr("sluice_rules"));
}

TEST_F(Page, OnlyAllowedAddressesAreServed) {
  const std::uint16_t port = free_port();
  if (port == 0) GTEST_SKIP() << "no loopback interface here";
  const std::vector<IpPrefix> strangers = {*IpPrefix::parse("192.0.2.0/24")};
  ASSERT_TRUE(metrics.listen("127.0.0.1:" + std::to_string(port), strangers));
  metrics.serve();
  EXPECT_EQ(ask(connect_to(port)), "");
  const std::uint16_t next = free_port();
  const std::vector<IpPrefix> ours = {*IpPrefix::parse("2001:db8::/32"),
                                      *IpPrefix::parse("127.0.0.0/8")};
  ASSERT_TRUE(metrics.listen("127.0.0.1:" + std::to_string(next), ours));
  metrics.serve();
  EXPECT_THAT(ask(connect_to(next)), HasSubstr("sluice_packets_received_total"));
}

TEST_F(Page, ANonsenseAddressIsRefusedByName) {
  const auto listening = metrics.listen("nonsense:address");
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error(), HasSubstr("nonsense:address"));
}

}  // namespace
}  // namespace sluice::telemetry
