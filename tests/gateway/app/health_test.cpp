#include "gateway/app/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const auto kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);

struct Facts {
  telemetry::ListsStatus lists;
  std::vector<telemetry::ZoneStatus> zones;
  std::vector<telemetry::SourceStatus> sources;
  std::vector<telemetry::LinkStatus> links;
  std::optional<ReloadReport> last_reload;
  telemetry::Totals minute;
  std::uint64_t audit_failed = 0;

  [[nodiscard]] std::vector<Ailment> ailments() const {
    return app::ailments({lists, zones, sources, links, last_reload, minute, audit_failed, kNow});
  }
  [[nodiscard]] std::vector<std::string_view> codes() const {
    std::vector<std::string_view> codes;
    for (const Ailment& ailment : ailments()) codes.push_back(ailment.code);
    return codes;
  }
};

TEST(Health, NothingIsWrong) {
  Facts facts;
  facts.lists.lists = {{.name = "chat", .app = "chat", .version = "", .entries = 3}};
  facts.zones = {{.list = "feed", .seen = kNow - hours(1), .expire = hours(2)}};
  facts.sources = {{.source = "dept", .version = "v1", .seen = kNow - hours(23)}};
  facts.last_reload = {ReloadReport::Result::in_force, "", kNow};
  facts.minute.packets = 1'000'000;
  EXPECT_THAT(facts.codes(), IsEmpty());
}

TEST(Health, EachAilmentHasItsCode) {
  Facts facts;
  facts.lists.bans_nothing = "no policy is configured";
  EXPECT_THAT(facts.codes(), ElementsAre("bans_nothing"));
  EXPECT_THAT(facts.ailments()[0].text, HasSubstr("no policy is configured"));

  facts = {};
  facts.lists.lists = {{.name = "chat", .app = "chat", .version = "", .refused = 3}};
  EXPECT_THAT(facts.codes(), ElementsAre("list_without_effect"));

  facts = {};
  facts.zones = {{.list = "feed", .seen = kNow - hours(3), .expire = hours(2)}, {.list = "new"}};
  EXPECT_THAT(facts.codes(), ElementsAre("zone_expired", "zone_expired"));
  EXPECT_THAT(facts.ailments()[1].text, HasSubstr("no primary was heard yet"));

  facts = {};
  facts.sources = {{.source = "dept", .seen = kNow - hours(25)}, {.source = "new"}};
  EXPECT_THAT(facts.codes(), ElementsAre("source_stale", "source_stale"));

  facts = {};
  facts.last_reload = {ReloadReport::Result::failed, "chat.list: missing", kNow};
  EXPECT_THAT(facts.codes(), ElementsAre("reload_failed"));
  EXPECT_THAT(facts.ailments()[0].text, HasSubstr("failed: chat.list: missing"));
  facts.last_reload->result = ReloadReport::Result::refused;
  EXPECT_THAT(facts.codes(), ElementsAre("reload_refused"));

  facts = {};
  facts.minute.dataplane_lost = 1;
  facts.minute.failed_open = 2;
  facts.minute.failed_closed = 3;
  facts.minute.dataplane_send_failed = 4;
  facts.minute.dataplane_oversize = 5;
  facts.minute.audit_lost = 6;
  facts.audit_failed = 7;
  EXPECT_THAT(facts.codes(), ElementsAre("frames_lost", "failed_open", "failed_closed",
                                         "send_failed", "oversize", "audit_lost", "audit_failed"));
  EXPECT_THAT(facts.ailments()[0].text, HasSubstr("1 in the last minute"));
}

// The port that was taken down is named with its cause, not as a fault of its own.
TEST(Health, ALinkThatIsDown) {
  Facts facts;
  facts.links = {{.port = "inside", .interface = "eth1", .is_up = true, .has_carrier = true},
                 {.port = "outside", .interface = "eth2", .is_up = true, .has_carrier = true}};
  EXPECT_THAT(facts.codes(), IsEmpty());
  facts.links[0].has_carrier = false;
  EXPECT_THAT(facts.codes(), ElementsAre("link_down"));
  EXPECT_EQ(facts.ailments()[0].text, "inside (eth1) has no carrier");
  facts.links[1] = {.port = "outside", .interface = "eth2", .is_held = true};
  EXPECT_THAT(facts.codes(), ElementsAre("link_down"));
  EXPECT_EQ(facts.ailments()[0].text,
            "inside (eth1) has no carrier: outside (eth2) was taken down");
  facts.links[0].is_up = false;
  EXPECT_EQ(facts.ailments()[0].text, "inside (eth1) is down: outside (eth2) was taken down");
}

telemetry::Totals lost(std::uint64_t count) {
  telemetry::Totals totals;
  totals.dataplane_lost = count;
  totals.flows = count;
  return totals;
}

TEST(Health, TheLastMinuteIsOverAfterAMinute) {
  LastMinute minute;
  LastMinute::Time now{};
  EXPECT_EQ(minute.risen(lost(5)).dataplane_lost, 5U);  // nothing is known of before
  minute.look(now, lost(5), 2);
  EXPECT_EQ(minute.risen(lost(5)).dataplane_lost, 0U);
  EXPECT_EQ(minute.risen(lost(5)).flows, 5U);  // a gauge
  EXPECT_EQ(minute.audit_failed(3), 1U);
  minute.look(now + seconds(1), lost(8), 2);  // too early to count
  EXPECT_EQ(minute.risen(lost(9)).dataplane_lost, 4U);
  for (int i = 1; i <= 11; ++i) minute.look(now + seconds(5 * i), lost(9), 2);
  EXPECT_EQ(minute.risen(lost(9)).dataplane_lost, 4U);
  minute.look(now + seconds(60), lost(9), 2);
  EXPECT_EQ(minute.risen(lost(9)).dataplane_lost, 0U);
  for (int i = 13; i < 100; ++i) minute.look(now + seconds(5 * i), lost(9), 3);
  EXPECT_EQ(minute.risen(lost(10)).dataplane_lost, 1U);
  EXPECT_EQ(minute.audit_failed(3), 0U);
}

}  // namespace
}  // namespace sluice::app
