#include "gateway/app/health.h"

#include <algorithm>

#include "gateway/app/reload_guard.h"

namespace sluice::app {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(5);
// A source is asked every few minutes.
constexpr auto kSourceIsStaleAfter = std::chrono::hours(24);

struct CountRow {
  std::string_view code, what;
  std::uint64_t telemetry::Totals::* count;
};

// What should not happen at all; each says what it may mean.
constexpr std::array kCounts = {
    CountRow{"frames_lost", "frames were lost before the gateway read them: it has too few CPUs",
             &telemetry::Totals::dataplane_lost},
    CountRow{"failed_open", "frames passed without a judge: a worker was not at work",
             &telemetry::Totals::failed_open},
    CountRow{"failed_closed", "frames were dropped without a judge: a worker was not at work",
             &telemetry::Totals::failed_closed},
    CountRow{"send_failed", "frames could not be sent on: is a link down?",
             &telemetry::Totals::dataplane_send_failed},
    CountRow{"oversize", "frames were too large to be sent on: `sluice doctor` says what to set",
             &telemetry::Totals::dataplane_oversize},
    CountRow{"audit_lost", "audit records were lost: the ring was full",
             &telemetry::Totals::audit_lost}};

void look_at_lists(const HealthFacts& facts, std::vector<Ailment>& found) {
  if (!facts.lists.bans_nothing.empty()) {
    found.push_back({"bans_nothing", "nothing is banned: " + facts.lists.bans_nothing});
  }
  for (std::string& line : lists_without_effect(facts.lists)) {
    found.push_back({"list_without_effect", std::move(line)});
  }
  for (const telemetry::ZoneStatus& zone : facts.zones) {
    const bool known = zone.seen.time_since_epoch().count() != 0;
    if (known && facts.now - zone.seen <= zone.expire) continue;
    found.push_back({"zone_expired", "list " + zone.list +
                                         (known ? ": no primary was heard for longer than the "
                                                  "zone's expire; it stays in force"
                                                : ": no primary was heard yet")});
  }
  for (const telemetry::SourceStatus& source : facts.sources) {
    const bool known = source.seen.time_since_epoch().count() != 0;
    if (known && facts.now - source.seen <= kSourceIsStaleAfter) continue;
    found.push_back({"source_stale", "source " + source.source +
                                         (known ? ": not reached for over a day; what it brought "
                                                  "before stays in force"
                                                : ": not reached yet")});
  }
}

// A port that we took down is a consequence, and named with its cause.
void look_at_links(std::span<const telemetry::LinkStatus> links, std::vector<Ailment>& found) {
  const auto name_of = [](const telemetry::LinkStatus& link) {
    return link.port + " (" + link.interface + ")";
  };
  const auto held = std::ranges::find_if(links, &telemetry::LinkStatus::is_held);
  for (const telemetry::LinkStatus& link : links) {
    if (link.is_held || (link.is_up && link.has_carrier)) continue;
    std::string text = name_of(link) + (link.is_up ? " has no carrier" : " is down");
    if (held != links.end()) text += ": " + name_of(*held) + " was taken down";
    found.push_back({"link_down", std::move(text)});
  }
}

}  // namespace

std::string_view to_string(ReloadReport::Result result) noexcept {
  switch (result) {
    case ReloadReport::Result::in_force:
      return "in_force";
    case ReloadReport::Result::nothing_new:
      return "nothing_new";
    case ReloadReport::Result::failed:
      return "failed";
    case ReloadReport::Result::refused:
      return "refused";
  }
  return "failed";
}

void LastMinute::look(Time now, const telemetry::Totals& totals, std::uint64_t audit_failed) {
  if (count_ > 0 && now < next_) return;
  next_ = now + kLookEvery;
  looks_.at(count_++ % kLooks) = {totals, audit_failed};
}

const LastMinute::Look* LastMinute::oldest() const {
  if (count_ == 0) return nullptr;
  return &looks_.at(count_ < kLooks ? 0 : count_ % kLooks);
}

telemetry::Totals LastMinute::risen(const telemetry::Totals& totals) const {
  const Look* const since = oldest();
  telemetry::Totals risen = totals;
  if (since == nullptr) return risen;
#define SLUICE_X(name, metric, help) risen.name -= std::min(risen.name, since->totals.name);
  SLUICE_COUNTERS(SLUICE_X)
#undef SLUICE_X
  return risen;
}

std::uint64_t LastMinute::audit_failed(std::uint64_t failed) const {
  const Look* const since = oldest();
  return since == nullptr ? failed : failed - std::min(failed, since->audit_failed);
}

std::vector<Ailment> ailments(const HealthFacts& facts) {
  std::vector<Ailment> found;
  look_at_lists(facts, found);
  look_at_links(facts.links, found);
  if (facts.last_reload && !facts.last_reload->is_ok()) {
    const bool refused = facts.last_reload->result == ReloadReport::Result::refused;
    found.push_back({refused ? "reload_refused" : "reload_failed",
                     std::string("the last reload ") + (refused ? "was refused: " : "failed: ") +
                         facts.last_reload->text});
  }
  for (const CountRow& row : kCounts) {
    const std::uint64_t count = facts.minute.*row.count;
    if (count == 0) continue;
    found.push_back(
        {row.code, std::to_string(count) + " in the last minute: " + std::string(row.what)});
  }
  if (facts.minute_audit_failed > 0) {
    found.push_back({"audit_failed", std::to_string(facts.minute_audit_failed) +
                                         " in the last minute: audit records could not be "
                                         "written; the log says why"});
  }
  return found;
}

}  // namespace sluice::app
