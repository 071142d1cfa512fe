#include "gateway/app/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <semaphore>

#include "gateway/app/explain.h"
#include "tests/gateway/app/ban.h"
#include "tests/gateway/app/live_dataplane.h"
#include "tests/support/dns_response.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using test::ByteVector;
using test::FrameBuilder;
using test::LiveDataplane;
using testing::HasSubstr;

constexpr auto kLook = std::chrono::milliseconds(1);

ByteVector query(std::string_view name) {
  return FrameBuilder("10.0.0.1:5000", "192.0.2.53:53").payload(test::dns_query(name)).build();
}

// A gateway of two workers that bans chat.example; a reload brings what `next` makes.
class TheGateway : public testing::Test {
 protected:
  TheGateway() {
    spdlog::set_level(spdlog::level::off);
    start.flows = 1024;
    start.streams = 64;
    start.metrics_listen = "";
  }

  [[nodiscard]] Result<std::unique_ptr<Gateway>, std::string> try_open() {
    return Gateway::open(
        {.start = start,
         .dataplanes = {.workers = wires.size(),
                        .open = [this](const io::Interest&) -> Result<Dataplanes, std::string> {
                          ++opened;
                          if (refuse_interfaces) return fail(std::string("no eth1"));
                          Dataplanes dataplanes;
                          for (LiveDataplane::Wire& wire : wires) {
                            dataplanes.push_back(std::make_unique<LiveDataplane>(wire));
                          }
                          return dataplanes;
                        }},
         .ban = first(),
         .rebuild = [this] { return next(); },
         .clock = [this] { return clock; },
         .service = {[this](const std::string& message) { said.push_back(message); }, watchdog}});
  }
  void open() {
    auto result = try_open();
    ASSERT_TRUE(result) << result.error();
    gateway = std::move(*result);
  }
  // Runs until `condition` holds; a test that waits in vain is ended by ctest.
  Result<void, std::string> run_until(std::function<bool()> condition) {
    const auto added = gateway->loop().add_timer(kLook, [this, condition = std::move(condition)] {
      if (condition()) gateway->stop();
    });
    EXPECT_TRUE(added);
    return gateway->run();
  }
  [[nodiscard]] bool blocks(std::string_view name) const {
    return explain(*gateway->snapshot(), {}, name).value().is_blocked();
  }

  config::StartSettings start;
  std::array<LiveDataplane::Wire, 2> wires;
  std::function<Reloader::Outcome()> next = [] { return test::office_ban({"other.example"}); };
  std::function<Ban()> first = [] { return test::office_ban({"chat.example"}); };
  std::chrono::system_clock::time_point clock{};
  std::vector<std::string> said;  // to the service manager
  std::chrono::microseconds watchdog{0};
  bool refuse_interfaces = false;
  int opened = 0;
  std::unique_ptr<Gateway> gateway;
};

TEST_F(TheGateway, JudgesOnAllWorkersAndSumsWhatTheyCount) {
  ASSERT_NO_FATAL_FAILURE(open());
  wires[0].push(query("chat.example"));
  wires[1].push(query("chat.example"));
  wires[1].push(query("example.com"));
  EXPECT_TRUE(run_until([&] { return gateway->statistics().packets == 3; }));
  EXPECT_EQ(wires[0].dropped + wires[1].dropped, 2);
  EXPECT_EQ(wires[1].passed, 1);
  EXPECT_EQ(gateway->generation(), 1U);
  EXPECT_EQ(gateway->lists().rules, 1U);
}

TEST_F(TheGateway, TellsTheServiceManagerHowItIs) {
  start.inside = "eth1";
  start.outside = "eth2";
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_THAT(said, testing::IsEmpty());
  int reloads = 0;
  EXPECT_TRUE(run_until([&] {
    if (gateway->is_reloading()) return false;
    if (++reloads > 2) return true;
    if (reloads == 2) next = [] { return fail(std::string("no such list")); };
    gateway->reload();
    return false;
  }));
  EXPECT_THAT(
      said,
      testing::ElementsAre(
          "READY=1\nSTATUS=bridging eth1 and eth2; generation 1, 1 rules",
          testing::StartsWith("RELOADING=1\nMONOTONIC_USEC="),
          "READY=1\nSTATUS=bridging eth1 and eth2; generation 2, 1 rules",
          testing::StartsWith("RELOADING=1\nMONOTONIC_USEC="),
          "READY=1\nSTATUS=bridging eth1 and eth2; generation 2, 1 rules; the last reload changed "
          "nothing: see the log",
          "STOPPING=1\nSTATUS=stopping"));
}

// And says nothing while a worker is stuck.
TEST_F(TheGateway, TellsTheServiceManagerThatItMoves) {
  watchdog = std::chrono::milliseconds(8);
  ASSERT_NO_FATAL_FAILURE(open());
  const auto alive = [&] { return std::ranges::count(said, "WATCHDOG=1"); };
  enum class Step : std::uint8_t { moving, stuck, moving_again } step = Step::moving;
  std::unique_lock<std::mutex> stuck;
  std::chrono::steady_clock::time_point since;
  std::ptrdiff_t before = 0;
  EXPECT_TRUE(run_until([&] {
    const auto now = std::chrono::steady_clock::now();
    switch (step) {
      case Step::moving:
        if (alive() == 0) return false;
        stuck = std::unique_lock(wires[1].mutex);
        since = now;
        before = alive();
        step = Step::stuck;
        return false;
      case Step::stuck:
        if (now - since < 10 * watchdog) return false;
        EXPECT_LE(alive(), before + 1);  // it may have been on its way to the poll
        before = alive();
        stuck.unlock();
        step = Step::moving_again;
        return false;
      case Step::moving_again:
        return alive() > before;
    }
    return true;
  }));
}

// The setting reaches the flows: without a server's word, another SYN counts only where routes are
// symmetric, for then its SYN-ACK is still to come.
TEST_F(TheGateway, TellsItsWorkersThatRoutesAreAsymmetric) {
  for (const bool asymmetric : {false, true}) {
    start.asymmetric = asymmetric;
    ASSERT_NO_FATAL_FAILURE(open());
    const auto segment = [](std::uint32_t sequence, std::uint32_t acknowledgment,
                            std::string_view flags) {
      return FrameBuilder("10.0.0.1:5000", "192.0.2.80:80")
          .tcp(sequence, acknowledgment, flags)
          .build();
    };
    const int before = wires[0].dropped;
    wires[0].push(segment(999, 0, "S"));
    wires[0].push(segment(1000, 5000, "A"));
    wires[0].push(segment(77, 0, "S"));
    EXPECT_TRUE(run_until([&] { return gateway->statistics().packets == 3; }));
    EXPECT_EQ(wires[0].dropped - before, asymmetric ? 1 : 0);
  }
}

// Borders of a schedule, and a clock that is set back across one.
TEST_F(TheGateway, TheClockPutsPoliciesIntoForce) {
  using std::chrono::hours;
  const auto monday = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  config::LiveSettings live;
  live.policies.push_back({.name = "office", .apps = {"chat"}});
  live.policies[0].hours = schedule::WeekHours::in("UTC").value();
  ASSERT_TRUE(live.policies[0].hours->add("Mon 08:00-18:00"));
  first = [&] {
    Ban ban = test::office_ban({"chat.example"});
    ban.settings = std::make_shared<const config::LiveSettings>(live);
    return ban;
  };
  clock = monday + hours(7);
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_FALSE(blocks("chat.example"));
  EXPECT_EQ(gateway->generation(), 1U);
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_ban_in_force 0\n"));
  const std::vector<std::pair<hours, bool>> steps = {
      {hours(8), true}, {hours(18), false}, {hours(17), true}, {hours(7 * 24 + 18), false}};
  std::size_t step = 0;
  clock = monday + steps[0].first;
  EXPECT_TRUE(run_until([&] {
    if (gateway->generation() < step + 2) return false;
    EXPECT_EQ(blocks("chat.example"), steps[step].second) << step;
    const std::string in_force = steps[step].second ? "} 1" : "} 0";
    EXPECT_THAT(gateway->metrics_text(),
                HasSubstr("sluice_schedule_in_force{kind=\"policy\",name=\"office\"" + in_force));
    EXPECT_THAT(gateway->metrics_text(),
                HasSubstr(steps[step].second ? "sluice_ban_in_force 1" : "sluice_ban_in_force 0"));
    if (++step == steps.size()) return true;
    clock = monday + steps[step].first;
    return false;
  }));
  EXPECT_EQ(gateway->generation(), 5U);
}

TEST_F(TheGateway, AnExceptionEndsAtItsTime) {
  using std::chrono::hours;
  const auto day = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  config::LiveSettings live;
  live.policies.push_back({.name = "office", .apps = {"chat"}});
  live.exceptions.push_back({.clients = {IpPrefix{}},
                             .apps = {"chat"},
                             .owner = "Ms Weber",
                             .reason = "press",
                             .expires = day + hours(8)});
  first = [&] {
    Ban ban = test::office_ban({"chat.example"});
    ban.settings = std::make_shared<const config::LiveSettings>(live);
    return ban;
  };
  clock = day;
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_FALSE(blocks("chat.example"));
  const std::string series =
      "sluice_schedule_in_force{kind=\"exception\",name=\"Ms Weber: press\"} ";
  EXPECT_THAT(gateway->metrics_text(), HasSubstr(series + "1"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_ban_in_force 0\n"))
      << "every client is exempt";
  const auto notes = time_notes(*gateway->settings(), IpAddress::parse("10.1.2.3"), day);
  ASSERT_EQ(notes.exemptions.size(), 1U);
  EXPECT_TRUE(notes.exemptions[0].in_force);
  clock = day + hours(8);
  EXPECT_TRUE(run_until([&] { return gateway->generation() == 2; }));
  EXPECT_TRUE(blocks("chat.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr(series + "0"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_ban_in_force 1\n"));
}

// A reload at night is no reload that lifts the ban; and it is as of the time when it is published.
TEST_F(TheGateway, AReloadOutsideTheHoursIsNotRefused) {
  using std::chrono::hours;
  const auto monday = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  config::LiveSettings live;
  const auto read = []() -> Result<lists::ListText, std::string> {
    return lists::ListText{"chat.example\n", "1", {}};
  };
  live.lists.push_back({.name = "chat", .source = {"chat", read}, .format = {}, .app = "chat"});
  live.policies.push_back({.name = "office", .apps = {"chat"}});
  live.policies[0].hours = schedule::WeekHours::in("UTC").value();
  ASSERT_TRUE(live.policies[0].hours->add("Mon 08:00-18:00"));
  first = [&] { return build_ban(live).value(); };
  clock = monday + hours(8);
  next = [&] { return build_ban(live); };
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("chat.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_ban_in_force 1\n"));
  gateway->reload();
  clock = monday + hours(18);  // it took that long
  EXPECT_TRUE(run_until(
      [&] { return gateway->metrics_text().contains("sluice_reloads_total{result=\"ok\"} 1\n"); }));
  EXPECT_FALSE(blocks("chat.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_ban_in_force 0\n"));
}

TEST_F(TheGateway, AReloadIsANewGenerationForEveryone) {
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("chat.example"));
  gateway->reload();
  EXPECT_TRUE(gateway->is_reloading());
  EXPECT_TRUE(run_until([&] {
    if (gateway->generation() < 2) return false;
    for (LiveDataplane::Wire& wire : wires) wire.push(query("other.example"));
    return wires[0].dropped > 0 && wires[1].dropped > 0;
  }));
  EXPECT_EQ(gateway->generation(), 2U);
  EXPECT_FALSE(blocks("chat.example"));
  EXPECT_TRUE(blocks("other.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_reloads_total{result=\"ok\"} 1\n"));
}

// Workers hold the first snapshot until their next batch. It must not leak, and no worker may free
// it: the gateway lets go of it last.
TEST_F(TheGateway, FreesTheOldSnapshotOnceNoWorkerHoldsIt) {
  ASSERT_NO_FATAL_FAILURE(open());
  std::weak_ptr<const engine::Snapshot> old;
  std::thread::id freed_by;
  next = [&]() -> Reloader::Outcome {
    Ban ban = test::office_ban({"other.example"});
    if (!old.expired()) return ban;
    ban.snapshot = {new engine::Snapshot(*ban.snapshot), [&](const engine::Snapshot* snapshot) {
                      freed_by = std::this_thread::get_id();
                      delete snapshot;
                    }};
    old = ban.snapshot;
    return ban;
  };
  gateway->reload();
  bool again = false;
  EXPECT_TRUE(run_until([&] {
    if (gateway->generation() == 2 && !std::exchange(again, true)) gateway->reload();
    return gateway->generation() == 3 && old.expired();
  }));
  EXPECT_EQ(freed_by, std::this_thread::get_id());
}

TEST_F(TheGateway, AReloadThatFailsLeavesTheOldBanInForce) {
  next = []() -> Reloader::Outcome { return fail(std::string("chat.list: missing")); };
  ASSERT_NO_FATAL_FAILURE(open());
  gateway->reload();
  EXPECT_TRUE(run_until([&] { return !gateway->is_reloading(); }));
  EXPECT_EQ(gateway->generation(), 1U);
  EXPECT_TRUE(blocks("chat.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_reloads_total{result=\"failed\"} 1\n"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_reload_last_ok 0\n"));
}

// Bug: a list that became an error page lifted the ban, and the log said "reloaded".
TEST_F(TheGateway, AReloadThatWouldLiftTheBanNeedsAnOperatorsWord) {
  const auto holds = [](std::uint64_t entries, std::uint64_t refused) {
    Ban ban = entries == 0 ? test::office_ban({}) : test::office_ban({"other.example"});
    ban.status.lists = {
        {.name = "chat", .app = "chat", .version = "", .entries = entries, .refused = refused}};
    return ban;
  };
  next = [&]() -> Reloader::Outcome { return holds(0, 3); };
  ASSERT_NO_FATAL_FAILURE(open());
  ::kill(::getpid(), SIGHUP);
  std::string refused_metrics;
  bool sent = false;
  EXPECT_TRUE(run_until([&] {
    const std::string metrics = gateway->metrics_text();
    if (!sent && metrics.contains("sluice_reloads_total{result=\"refused\"} 1\n")) {
      sent = true;
      refused_metrics = metrics;
      EXPECT_EQ(gateway->generation(), 1U);
      EXPECT_TRUE(blocks("chat.example"));
      ::kill(::getpid(), SIGUSR2);
    }
    return gateway->generation() == 2;
  }));
  EXPECT_THAT(refused_metrics, HasSubstr("sluice_reload_last_ok 0\n"));
  EXPECT_THAT(refused_metrics,
              HasSubstr("sluice_reload_refused{list=\"chat\",reason=\"empty\"} 1\n"));
  EXPECT_FALSE(blocks("chat.example"));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_reload_last_ok 1\n"));
  EXPECT_THAT(gateway->metrics_text(), testing::Not(HasSubstr("sluice_reload_refused{")));
}

// A list that came to hold a parent of much that clients ask for.
TEST_F(TheGateway, AReloadThatWouldBlockMuchOfWhatWasSeenNeedsAnOperatorsWord) {
  next = [] { return test::office_ban({"chat.example", "popular.example"}); };
  ASSERT_NO_FATAL_FAILURE(open());
  for (int i = 0; i < 300; ++i) {
    const std::string parent = i % 3 == 0 ? ".popular.example" : ".other.example";
    wires[static_cast<std::size_t>(i) % 2].push(query("n" + std::to_string(i) + parent));
  }
  int step = 0;
  std::string refused_metrics;
  EXPECT_TRUE(run_until([&] {
    if (step == 0 && gateway->statistics().packets == 300) {
      ++step;
      ::kill(::getpid(), SIGHUP);
    } else if (step == 1) {
      const std::string metrics = gateway->metrics_text();
      if (!metrics.contains("sluice_reloads_total{result=\"refused\"} 1\n")) return false;
      ++step;
      refused_metrics = metrics;
      EXPECT_FALSE(blocks("www.popular.example"));
      ::kill(::getpid(), SIGUSR2);
    }
    return gateway->generation() == 2;
  }));
  EXPECT_THAT(refused_metrics, HasSubstr("reason=\"canary\"} 1\n"));
  EXPECT_TRUE(blocks("www.popular.example"));
  EXPECT_THAT(gateway->metrics_text(), testing::Not(HasSubstr("sluice_reload_refused{")));
}

// An answer that is refused for where it leads names a candidate; the file has it when the gateway
// stops.
TEST_F(TheGateway, WritesSuggestionsWhenItStops) {
  const fs::path file =
      fs::temp_directory_path() / ("suggestions." + std::to_string(::getpid()) + ".json");
  start.suggest = {.enable = true, .file = file, .names = 64};
  first = [] {
    Ban ban = test::office_ban({"chat.example"});
    ban.snapshot->dns.trusted[0] = *IpPrefix::parse("192.0.2.53");
    ban.snapshot->dns.trusted_count = 1;
    return ban;
  };
  ASSERT_NO_FATAL_FAILURE(open());
  wires[0].push(query("new.example"));
  wires[0].push(
      FrameBuilder("192.0.2.53:53", "10.0.0.1:5000")
          .payload(
              test::DnsResponse("new.example").cname("new.example", "www.chat.example").build())
          .build());
  EXPECT_TRUE(run_until([&] { return gateway->statistics().packets == 2; }));
  EXPECT_EQ(wires[0].dropped, 1);
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  fs::remove(file);
  EXPECT_THAT(text, HasSubstr("{\"name\":\"new.example\",\"app\":\"chat\",\"clients\":1,"));
  EXPECT_THAT(text, HasSubstr("\"alias_to\":1,"));
  EXPECT_THAT(text, testing::Not(HasSubstr("10.0.0.1")));
  EXPECT_THAT(gateway->metrics_text(), HasSubstr("sluice_suggest_ties_total 1\n"));
}

TEST_F(TheGateway, DoesNotStartWithoutAPlaceForSuggestions) {
  start.suggest = {.enable = true, .file = "/no/such/folder/suggestions.json", .names = 64};
  const auto opened_gateway = try_open();
  ASSERT_FALSE(opened_gateway);
  EXPECT_THAT(opened_gateway.error(), HasSubstr("suggestions: /no/such/folder/suggestions.json: "));
  EXPECT_EQ(opened, 0) << "no interface is touched";
}

TEST_F(TheGateway, StopsCleanlyDuringAReload) {
  std::binary_semaphore started(0);
  std::binary_semaphore go(0);
  next = [&]() -> Reloader::Outcome {
    started.release();
    go.acquire();
    return test::office_ban({"other.example"});
  };
  ASSERT_NO_FATAL_FAILURE(open());
  gateway->reload();
  std::jthread other([&] {
    started.acquire();
    gateway->stop();
    go.release();
  });
  EXPECT_TRUE(gateway->run());
  EXPECT_EQ(gateway->generation(), 1U);
}

TEST_F(TheGateway, SighupReloadsAndSigtermStops) {
  ASSERT_NO_FATAL_FAILURE(open());
  ::kill(::getpid(), SIGHUP);
  bool sent = false;
  const auto added = gateway->loop().add_timer(kLook, [&] {
    if (gateway->generation() == 2 && !std::exchange(sent, true)) ::kill(::getpid(), SIGTERM);
  });
  ASSERT_TRUE(added);
  EXPECT_TRUE(gateway->run());
  EXPECT_TRUE(sent);
}

TEST_F(TheGateway, EndsWithTheReasonWhenADataplaneFails) {
  ASSERT_NO_FATAL_FAILURE(open());
  wires[1].cut();
  const auto ended = gateway->run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), "the cable is cut");
}

TEST_F(TheGateway, TouchesInterfacesLast) {
  start.metrics_listen = "nonsense:address";
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("nonsense:address"));
  EXPECT_EQ(opened, 0);
}

TEST_F(TheGateway, SaysWhyInterfacesAreRefused) {
  refuse_interfaces = true;
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "no eth1");
}

TEST_F(TheGateway, WritesTheRecordsOfAllWorkersBeforeItEnds) {
  const fs::path file =
      fs::temp_directory_path() / ("sluice_gateway_" + std::to_string(::getpid()) + ".jsonl");
  fs::remove(file);
  start.audit_file = file;
  ASSERT_NO_FATAL_FAILURE(open());
  for (LiveDataplane::Wire& wire : wires) wire.push(query("chat.example"));
  EXPECT_TRUE(run_until([&] { return wires[0].dropped + wires[1].dropped == 2; }));
  std::ifstream stream(file);
  int records = 0, notes = 0;  // of the start, and of the lists in force
  for (std::string line; std::getline(stream, line);) {
    ++(line.find("\"kind\"") == std::string::npos ? records : notes);
  }
  EXPECT_EQ(records, 2);
  EXPECT_EQ(notes, 2);
  fs::remove(file);
}

}  // namespace
}  // namespace sluice::app
