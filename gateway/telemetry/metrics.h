#pragma once

// The Prometheus endpoint (prometheus-cpp).
//
// Input: counters of the workers and of the resolver, summed at each scrape; label texts, which the
// engine gives because telemetry sees only filters/base; the status of the lists, which publish()
// replaces at reload.
// Threads: publish() and reload_*() from one thread; scrapes come from the exposer's thread. A
// mutex stands between the two; workers never take it. Cost: allocates; not for workers.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/telemetry/counters.h"
#include "gateway/telemetry/resolver_counters.h"

namespace sluice::telemetry {

struct Labels {
  std::vector<std::string> verdicts;   // by io::Verdict
  std::vector<std::string> reasons;    // by engine::Reason
  std::vector<std::string> protocols;  // by inspect::Protocol
  std::vector<std::string> actions;    // by policy::Action
  std::vector<std::string> removals;   // by flow::Removal
  struct Error {
    std::string layer;  // packet, dns, tls, …
    std::string reason;
  };
  std::vector<Error> errors;  // by slot of WorkerCounters::errors
};

// A list that is a zone, kept up to date by zone transfers.
struct ZoneStatus {
  std::string list;
  std::uint32_t serial = 0;
  std::uint64_t records = 0;
  std::chrono::system_clock::time_point seen;  // a primary last had this serial; the epoch: never
  std::chrono::seconds expire{};               // of the SOA
  std::uint64_t whole = 0, incremental = 0;    // transfers
  std::uint64_t notifies = 0, notifies_ignored = 0;
  std::vector<std::pair<std::string, std::uint64_t>> refusals;  // by reason
};

// Lists that come from a URL or a folder.
struct SourceStatus {
  std::string source, version;
  std::chrono::system_clock::time_point seen;  // it last had the newest version; the epoch: never
  std::optional<std::chrono::sys_seconds> until;  // of the bundle in force; none: it is no bundle
  std::optional<std::chrono::sys_seconds> certificate_until;    // of its server
  bool pinned = false;                                          // rolled back by an operator
  std::uint64_t accepted = 0;                                   // versions, since the start
  std::vector<std::pair<std::string, std::uint64_t>> refusals;  // by reason
};

// A port of a bridge whose links are coupled.
struct LinkStatus {
  std::string port;       // `inside`, `outside`
  std::string interface;  // its name
  bool is_up = false;     // administratively
  bool has_carrier = false;
  bool is_held = false;              // we took it down
  std::uint64_t downs = 0, ups = 0;  // how often we took it down, and put it up
};

// Of records that came to the audit trail.
struct AuditStatus {
  std::uint64_t written = 0, failed = 0;
  std::uint64_t lost_beside = 0;  // lines, by destinations beside the first one
};

// Where the numbers come from. All outlive the Metrics; no pointer is null.
struct Sources {
  std::vector<const WorkerCounters*> workers;
  const ResolverCounters* resolver;
  // From any thread; empty: there are none.
  std::function<std::vector<ZoneStatus>()> zones = {};
  std::function<std::vector<SourceStatus>()> lists = {};
  std::function<AuditStatus()> audit = {};
  std::function<std::vector<LinkStatus>()> links = {};
};

struct ListStatus {
  std::string name, app, version;
  std::uint64_t entries = 0, refused = 0;
  std::chrono::system_clock::time_point modified;
  std::uint64_t duplicates = 0;  // not among the entries: another list of the app has them
  bool exceptions = false;       // it lets through, and need not have entries
  std::string format;            // for people; empty: of a ready image
  bool accepted = false;         // a version of a source that passed the guard before
};

// What the clock puts into force: `policy`, `list`, `exception`.
struct TimedStatus {
  std::string kind, name;
  bool in_force = true;
};

struct ListsStatus {
  std::vector<std::string> apps;  // by AppId; the last one is "*"
  std::vector<ListStatus> lists;
  std::uint64_t rules = 0;
  std::uint64_t memory_bytes = 0;
  bool of_image = false;
  bool accepted_image = false;               // a version of a source that passed the guard before
  std::vector<std::string> shadow_policies;  // by the slots of WorkerCounters::shadows
  std::vector<TimedStatus> timed;
  std::optional<std::chrono::sys_seconds> next_change;  // of one of them
  std::string bans_nothing;      // why no traffic can be blocked, ever; empty: some can
  std::string bans_nothing_now;  // the same, as of now: with schedules, validities, exceptions
};

// Why a reload was refused, though it could be read.
struct ReloadRefusal {
  std::string list;    // its name; empty: the whole ban
  std::string reason;  // a word: `empty`, `shrunk`, `refused_lines`, `gone`, `bans_nothing`,
                       // `canary`
  std::string text;    // for people
};

// Names that a rule covers, since the start.
struct DecisionCount {
  std::string app, protocol, action;
  std::uint64_t count = 0;
};

class Metrics {
 public:
  Metrics(Labels labels, Sources sources);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Workers count decisions by the index of the app, and other lists may give an index to another
  // app: what was counted so far stays with the name of the app. Packets that are judged at the
  // moment of a reload may be counted under the wrong app.
  void publish(ListsStatus lists);
  // The old lists stay in force: counts the failure and sets `sluice_reload_last_ok` to 0.
  void reload_failed();
  // The same, because of what would come into force.
  void reload_refused(std::vector<ReloadRefusal> refusals);
  void reload_succeeded();

  // Takes `address` (`127.0.0.1:9464`), for clients in `allowed` only; none: for all. They get 404
  // until serve(). Clients that are slow to ask or to read hold one of several threads, for two
  // seconds at most. Error: one line with the reason.
  [[nodiscard]] Result<void, std::string> listen(const std::string& address,
                                                 const std::vector<IpPrefix>& allowed = {});
  // From now on /metrics is there, if anybody listens: whoever sees it sees a gateway at work.
  void serve();
  // Those that are not 0, as the page has them.
  [[nodiscard]] std::vector<DecisionCount> decisions() const;
  // The page that a scrape would get.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sluice::telemetry
