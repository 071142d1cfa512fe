#include "gateway/app/gateway.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iterator>
#include <utility>

#include "filters/packet/datagram_tunnel.h"
#include "gateway/app/audit_trail.h"
#include "gateway/app/canary.h"
#include "gateway/app/cpus.h"
#include "gateway/app/limits.h"
#include "gateway/app/reload_guard.h"
#include "gateway/engine/labels.h"
#include "lists/compile/load.h"

namespace sluice::app {
namespace {

constexpr auto kKeepHouseEvery = std::chrono::milliseconds(200);
constexpr auto kSuggestEvery = std::chrono::minutes(1);
// How often the workers are looked at within the service manager's patience.
constexpr int kLooksAWatchdog = 4;

std::shared_ptr<const engine::Snapshot> stamped(const Ban& ban, std::uint64_t generation) {
  ban.snapshot->generation = generation;
  return ban.snapshot;
}

WorkersOptions workers_options(const config::StartSettings& start) {
  return {.limits = limits_of(start),
          .tunnels = start.tunnels,
          .routes = routes_of(start),
          .suggested_names = start.suggest.enable ? start.suggest.names : 0,
          .taps = !start.control_socket.empty(),
          .audit_ring = start.keeps_records() ? start.audit_ring : 0,
          .cpus = start.cpus};
}

// Datagrams that show no name are judged by their addresses, if there is anything to judge by; and
// those of flows that showed one end with it.
io::Interest interest_of(const engine::Snapshot& snapshot, const config::StartSettings& start) {
  io::Interest interest;
  const policy::DnsScope& dns = snapshot.dns;
  interest.ports.assign(dns.ports.begin(), dns.ports.begin() + dns.port_count);
  std::ranges::copy(packet::datagram_tunnel_ports(), std::back_inserter(interest.ports));
  const match::AddressSet& rules = snapshot.addresses;
  interest.prefixes = rules.prefixes();
  // Behind them is whatever IPv4 address a rule or a lease names.
  if (!rules.empty() || dns.trusted_count > 0) {
    std::ranges::copy(rules.nat64().prefixes(), std::back_inserter(interest.prefixes));
  }
  interest.all = snapshot.kill_open_flows || start.endpoints.enable;
  return interest;
}

std::function<std::vector<telemetry::ZoneStatus>()> zone_statuses(
    const std::shared_ptr<Sources>& sources) {
  if (!sources) return {};
  return [sources] { return sources->zones(); };
}
std::function<std::vector<telemetry::SourceStatus>()> source_statuses(
    const std::shared_ptr<Sources>& sources) {
  if (!sources) return {};
  return [sources] { return sources->statuses(); };
}

}  // namespace

Result<std::unique_ptr<Gateway>, std::string> Gateway::open(Options options) {
  auto loop = EventLoop::open();
  if (!loop) return fail(loop.error());
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(options), std::move(*loop)));
  if (const auto opened = gateway->open_parts(); !opened) return fail(opened.error());
  return gateway;
}

Gateway::Gateway(Options options, std::unique_ptr<EventLoop> loop)
    : options_(std::move(options)),
      loop_(std::move(loop)),
      lists_(std::move(options_.ban.status)),
      snapshots_(stamped(options_.ban, generation_)),
      resolutions_(std::make_shared<engine::Resolutions>()),
      workers_(options_.dataplanes.workers, workers_options(options_.start)),
      metrics_(
          engine::labels(),
          {workers_.counters(), &resolver_counters_, zone_statuses(options_.sources),
           source_statuses(options_.sources), [this] { return audit_status(); }, options_.links}) {
  settings_ = std::move(options_.ban.settings);
  banned_ = std::move(options_.ban.banned);
  set_to_clock(*options_.ban.snapshot, options_.ban.resolved_at);  // nobody reads it yet
  options_.ban.snapshot.reset();
}

Result<void, std::string> Gateway::open_parts() {
  const config::StartSettings& start = options_.start;
  if (auto allowed = check_cpus(start.cpus); !allowed) return allowed;
  if (auto watched = add_to_loop(); !watched) return watched;
  auto reloader = Reloader::open(
      *loop_, [this] { return build(); },
      [this](Reloader::Outcome outcome) { finish_reload(std::move(outcome)); });
  if (!reloader) return fail(reloader.error());
  reloader_ = std::move(*reloader);
  if (auto opened = open_audit(); !opened) return opened;
  // Its threads look at what is open by now.
  if (!start.metrics_listen.empty()) {
    auto listening = metrics_.listen(start.metrics_listen, start.metrics_allow);
    if (!listening) return listening;
    warn_of_open_metrics(start);
  }
  if (auto opened = open_suggester(); !opened) return opened;
  if (auto opened = open_resolver(); !opened) return opened;
  // The interfaces come last. They are opened once: what that needs goes then.
  const auto open = std::exchange(options_.dataplanes.open, nullptr);
  auto dataplanes = open(interest_of(*snapshots_.newest(), start));
  if (!dataplanes) return fail(dataplanes.error());
  workers_.open(std::move(*dataplanes), snapshots_, resolutions_);
  metrics_.publish(lists_);
  metrics_.serve();
  for (const std::string& note : workers_.notes()) spdlog::info("{}", note);
  log_notes(options_.ban);
  log_lists(lists_);
  log_exceptions(lists_);
  log_ban_now(lists_);
  log_memory(start, workers_.count(), lists_);
  return {};
}

Result<void, std::string> Gateway::open_audit() {
  auto trail = open_audit_trail(options_.start, workers_.rings());
  if (!trail) return fail(trail.error());
  activity_ = std::move(trail->activity);
  audit_ = std::move(trail->writer);
  note_update("ok");
  return {};
}

telemetry::AuditStatus Gateway::audit_status() const {
  if (!audit_) return {};
  return {.written = audit_->written(),
          .failed = audit_->failed(),
          .lost_beside = audit_->lost_beside()};
}

void Gateway::note_update(const char* result) {
  if (audit_) audit_->note(update_record(result, generation_, lists_));
}

Result<void, std::string> Gateway::open_resolver() {
  const config::StartSettings::Endpoints& settings = options_.start.endpoints;
  if (!settings.enable) return {};
  auto resolver =
      endpoints::Resolver::start({.server = settings.resolver,
                                  .per_second = settings.per_second,
                                  .most_names = settings.most_names,
                                  .refresh = std::chrono::seconds(settings.refresh_seconds)},
                                 resolutions_, resolver_counters_, resolver_ties_.get());
  if (!resolver) return fail(resolver.error());
  resolver_ = std::move(*resolver);
  return {};
}

// Before what it watches starts.
Result<void, std::string> Gateway::open_suggester() {
  const config::StartSettings& start = options_.start;
  if (!start.suggest.enable) return {};
  std::vector<std::string> notes;
  auto opened = Suggester::open(start.suggest.file, start.suggest.names, notes);
  if (!opened) return fail("suggestions: " + opened.error());
  for (const std::string& note : notes) spdlog::warn("suggestions: {}", note);
  suggester_ = std::move(*opened);
  for (const engine::TieTable* table : workers_.ties()) suggester_->watch(*table);
  if (start.endpoints.enable) {
    resolver_ties_ = std::make_unique<engine::TieTable>(start.suggest.names, workers_.tie_key());
    suggester_->watch(*resolver_ties_);
  }
  log_suggestions(start, workers_.count(), snapshots_.newest()->dns);
  const auto added = loop_->add_timer(kSuggestEvery, [this] { keep_suggestions(); });
  return added ? Result<void, std::string>{} : fail(added.error());
}

Result<void, std::string> Gateway::add_to_loop() {
  const auto stop = [this] {
    spdlog::info("stopping");
    loop_->stop();
  };
  const auto reload = [this] {
    reopen_audit();
    this->reload();
  };
  const auto reload_accepted = [this] {
    reopen_audit();
    this->reload(true);
  };
  const std::pair<int, EventLoop::Task> tasks[] = {{SIGINT, stop},
                                                   {SIGTERM, stop},
                                                   {SIGHUP, reload},
                                                   {SIGUSR1, [this] { reopen_audit(); }},
                                                   {SIGUSR2, reload_accepted}};
  for (const auto& [signal, task] : tasks) {
    if (const auto added = loop_->add_signal(signal, task); !added) return fail(added.error());
  }
  const auto added = loop_->add_timer(kKeepHouseEvery, [this] { keep_house(); });
  if (!added) return fail(added.error());
  return add_watchdog();
}

Result<void, std::string> Gateway::run() {
  if (resolver_) resolver_->watch(snapshots_.newest());
  workers_.start([this] { loop_->stop(); });
  if (const auto started = start_sources(); !started) {
    spdlog::error("lists are not kept up to date: {}", started.error());
  }
  say_ready();
  loop_->run();
  options_.service.stopping();
  if (options_.sources) options_.sources->stop();
  if (reloader_->is_busy()) spdlog::info("waiting for the reload under way");
  reloader_->stop();
  workers_.stop();
  if (resolver_) resolver_->stop();
  if (audit_) audit_->stop();
  keep_suggestions();
  if (const auto error = workers_.error()) return fail(*error);
  return {};
}

void Gateway::reload(bool accepted) {
  options_.service.reloading();
  if (options_.builder) options_.builder->want_everything(accepted);
  reloader_->request(accepted);
}

// The service manager hears of us as long as this thread moves, and every worker.
Result<void, std::string> Gateway::add_watchdog() {
  const auto patience = options_.service.watchdog();
  if (patience.count() == 0) return {};
  const auto added = loop_->add_timer(patience / kLooksAWatchdog, [this] {
    if (workers_.have_moved()) options_.service.alive();
  });
  if (!added) return fail(added.error());
  return {};
}

void Gateway::say_ready() const {
  const config::StartSettings& start = options_.start;
  const bool failed = last_reload_ && last_reload_->result != ReloadReport::Result::in_force;
  options_.service.ready("bridging " + start.inside + " and " + start.outside + "; generation " +
                         std::to_string(generation_) + ", " + std::to_string(lists_.rules) +
                         " rules" +
                         (failed ? "; the last reload changed nothing: see the log" : ""));
}

Result<void, std::string> Gateway::start_sources() {
  if (!options_.sources) return {};
  return options_.sources->start(*loop_,
                                 [this](Sources::Event event) { take_event(std::move(event)); });
}

void Gateway::take_event(Sources::Event event) {
  if (const auto* refusal = std::get_if<lists::Refusal>(&event.what)) {
    spdlog::error("{}: what is in force stays ({}): {}", event.name, to_string(refusal->reason),
                  refusal->text);
    return;
  }
  if (auto* fetched = std::get_if<lists::Fetched>(&event.what)) {
    take_zone(event.name, std::move(*fetched));
  } else if (auto* candidate = std::get_if<lists::Candidate>(&event.what)) {
    spdlog::info("source {}: version {} came", event.name, candidate->label);
    options_.builder->want_trial(event.name, std::move(candidate->file));
  }
  reloader_->request();
}

void Gateway::take_zone(const std::string& list, lists::Fetched fetched) {
  if (auto changes = std::exchange(fetched.changes, std::nullopt)) {
    options_.builder->want(changes_of(list, std::move(fetched), std::move(*changes)));
  } else {
    spdlog::info("list {}: the whole zone was transferred, serial {}", list, fetched.label);
    options_.builder->want_lists();
  }
}

void Gateway::finish_reload(Reloader::Outcome outcome) {
  using Decision = Sources::Decision;
  const bool was_built = outcome.has_value();
  const ReloadReport report = take_ban(std::move(outcome));
  const bool published = report.result == ReloadReport::Result::in_force;
  if (options_.sources && options_.builder) {
    const Decision decision = published   ? Decision::published
                              : was_built ? Decision::refused
                                          : Decision::unusable;
    for (const auto& [source, file] : options_.builder->trials()) {
      for (const std::string& line : options_.sources->decided(source, file, decision)) {
        published ? spdlog::info("{}", line) : spdlog::error("{}", line);
      }
    }
  }
  if (options_.builder && options_.builder->built(published)) reloader_->request();
  if (report.result != ReloadReport::Result::nothing_new) last_reload_ = report;
  if (!reloader_->is_busy()) say_ready();
  if (on_reload_) on_reload_(report);
}

ReloadReport Gateway::take_ban(Reloader::Outcome outcome) {
  using Result = ReloadReport::Result;
  const auto at = std::chrono::floor<std::chrono::seconds>(options_.clock());
  if (!outcome && outcome.error() == kNothingNew) return {Result::nothing_new, {}, at};
  if (!outcome) {
    metrics_.reload_failed();
    note_update("failed");
    spdlog::error("reload failed; the old lists and policies stay in force: {}", outcome.error());
    return {Result::failed, outcome.error(), at};
  }
  log_notes(*outcome);
  if (auto why = refusal_of(*outcome)) return {Result::refused, std::move(*why), at};
  const std::string amended = std::move(outcome->amended);
  publish(std::move(*outcome));
  metrics_.reload_succeeded();
  note_update("ok");
  if (!amended.empty()) {
    spdlog::info("in force: {}; generation {}, {} rules", amended, generation_, lists_.rules);
    return {Result::in_force, {}, at};
  }
  log_lists(lists_);
  log_exceptions(lists_);
  log_ban(lists_);
  log_ban_now(lists_);
  spdlog::info("reloaded: generation {}, {} rules", generation_, lists_.rules);
  return {Result::in_force, {}, at};
}

// In the reload thread: hashing the rules may take half a second.
Reloader::Outcome Gateway::build() {
  auto ban = options_.rebuild();
  if (!ban || ban->guard.max_newly_blocked >= 100) return ban;
  std::vector<std::string> meant;
  for (const telemetry::ListStatus& list : ban->status.lists) {
    if (list.accepted) meant.push_back(list.name);
  }
  const auto old = snapshots_.newest();
  const Canary canary =
      try_canary(*old, *ban->snapshot, workers_.sample(), workers_.sample_key(), meant);
  ban->canary = canary_refusal(canary, ban->guard.max_newly_blocked);
  for (std::string& note : canary_notes(canary, ban->guard.max_newly_blocked)) {
    ban->warnings.push_back(std::move(note));
  }
  return ban;
}

std::optional<std::string> Gateway::refusal_of(const Ban& next) {
  auto refusals = reload_refusals(lists_, next.status, next.guard);
  if (next.canary) refusals.push_back(*next.canary);
  log_refusals(refusals, next.accepted);
  if (refusals.empty() || next.accepted) return std::nullopt;
  std::string why;
  for (const telemetry::ReloadRefusal& refusal : refusals) {
    why += (why.empty() ? "" : "; ") + refusal.text;
  }
  metrics_.reload_refused(std::move(refusals));
  note_update("refused");
  return why;
}

void Gateway::publish(Ban ban) {
  lists_ = std::move(ban.status);
  settings_ = std::move(ban.settings);
  banned_ = std::move(ban.banned);
  set_to_clock(*ban.snapshot, ban.resolved_at);
  publish(ban.snapshot);
}

// To all workers: each takes the snapshot before its next batch, with its generation.
void Gateway::publish(const std::shared_ptr<engine::Snapshot>& snapshot) {
  snapshot->generation = ++generation_;
  retired_.push_back(snapshots_.newest());
  workers_.watch(interest_of(*snapshot, options_.start));  // before anybody judges by it
  snapshots_.publish(snapshot);
  if (resolver_) resolver_->watch(snapshot);
  metrics_.publish(lists_);
}

void Gateway::set_to_clock(engine::Snapshot& snapshot, std::optional<schedule::Time> resolved_at) {
  timed_.clear();
  lists_.bans_nothing_now = lists_.bans_nothing;
  if (!settings_) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(options_.clock());
  const auto next = config::next_change(*settings_, now);
  timed_ = config::timed(*settings_, now);
  if (!resolved_at || config::timed(*settings_, *resolved_at) != timed_) {
    auto policies = config::resolve_policies(*settings_, snapshot.domains, now);
    if (policies) snapshot.policies = std::move(*policies);  // they were resolved before
  }
  lists_.bans_nothing_now = reason_to_ban_nothing(snapshot.policies, banned_, When::now);
  timetable_.looked(now, std::chrono::steady_clock::now(), next);
  lists_.timed.clear();
  for (const config::Timed& it : timed_) lists_.timed.push_back({it.kind, it.name, it.in_force});
  lists_.next_change = next;
}

// Workers know of no calendar: at a border they are given other policies, as at a reload.
void Gateway::look_at_clock() {
  if (!settings_ || timed_.empty()) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(options_.clock());
  if (!timetable_.is_due(now, std::chrono::steady_clock::now())) return;
  const std::vector<config::Timed> before = timed_;
  if (config::timed(*settings_, now) == before) {
    timetable_.looked(now, std::chrono::steady_clock::now(), config::next_change(*settings_, now));
    return;
  }
  const auto snapshot = std::make_shared<engine::Snapshot>(*snapshots_.newest());
  set_to_clock(*snapshot, {});
  publish(snapshot);
  for (std::size_t i = 0; i < timed_.size() && i < before.size(); ++i) {
    if (timed_[i] == before[i]) continue;
    spdlog::info("schedule: {} {} is {} force; generation {}", timed_[i].kind, timed_[i].name,
                 timed_[i].in_force ? "in" : "no longer in", generation_);
  }
  log_ban_now(lists_);
}

void Gateway::keep_house() {
  look_at_clock();
  const telemetry::Totals totals = statistics();
  oversize_.look(totals.dataplane_oversize);
  last_minute_.look(std::chrono::steady_clock::now(), totals, audit_ ? audit_->failed() : 0);
  std::erase_if(retired_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
}

void Gateway::keep_suggestions() {
  if (!suggester_) return;
  suggester_->gather(*snapshots_.newest());
  const auto written = suggester_->write();
  if (!written && !suggestions_fail_) spdlog::error("suggestions are lost: {}", written.error());
  if (written && suggestions_fail_) spdlog::info("suggestions are written again");
  suggestions_fail_ = !written;
}

void Gateway::reopen_audit() noexcept {
  if (audit_) audit_->reopen();
}

telemetry::Totals Gateway::statistics() const {
  return telemetry::total_of(workers_.counters());
}

telemetry::Totals Gateway::last_minute() const {
  return last_minute_.risen(statistics());
}

std::vector<telemetry::ZoneStatus> Gateway::zones() const {
  return options_.sources ? options_.sources->zones() : std::vector<telemetry::ZoneStatus>();
}

std::vector<telemetry::SourceStatus> Gateway::sources() const {
  return options_.sources ? options_.sources->statuses() : std::vector<telemetry::SourceStatus>();
}

std::vector<Ailment> Gateway::ailments() const {
  const auto zone_list = zones();
  const auto source_list = sources();
  const auto links = options_.links ? options_.links() : std::vector<telemetry::LinkStatus>();
  return app::ailments(
      {.lists = lists_,
       .zones = zone_list,
       .sources = source_list,
       .links = links,
       .last_reload = last_reload_,
       .minute = last_minute(),
       .minute_audit_failed = audit_ ? last_minute_.audit_failed(audit_->failed()) : 0,
       .now = options_.clock()});
}

}  // namespace sluice::app
