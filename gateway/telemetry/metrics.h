#pragma once

// The Prometheus endpoint (prometheus-cpp): sums the workers' blocks at each scrape.
//
// Label values that telemetry cannot know (it sees only filters/base) come in as `Labels`, made by
// the application from the vocabularies of filters/. Lists change at reload: publish(lists) swaps
// them. Threads: publish from one thread, scrapes from the exposer's; a mutex between them, never a
// worker.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/telemetry/counters.h"

namespace sluice::telemetry {

struct Labels {
  std::vector<std::string> verdicts;   // by io::Verdict
  std::vector<std::string> reasons;    // by engine::Reason
  std::vector<std::string> protocols;  // by inspect::Protocol
  std::vector<std::string> actions;    // by policy::Action
  std::vector<std::string> removals;   // by flow::Removal
  struct Error {
    std::string layer;  // packet, dns, tls, http
    std::string reason;
  };
  std::vector<Error> errors;  // by slot of WorkerCounters::errors
};

struct ListStatus {
  std::string name, app, version;
  std::uint64_t entries = 0, refused = 0;
  std::chrono::system_clock::time_point modified;
};

struct ListsStatus {
  std::vector<std::string> apps;  // by AppId; the one behind the last is "*"
  std::vector<ListStatus> lists;
  std::uint64_t rules = 0;
  std::uint64_t memory_bytes = 0;
};

class Metrics {
 public:
  // `workers` outlive this object.
  Metrics(Labels labels, std::vector<const WorkerCounters*> workers);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Decisions are counted by the app's index, which other lists may give to another app: what was
  // counted so far stays with the app's name. Off by the packets that are judged meanwhile.
  void publish(ListsStatus lists);
  // A reload that failed: what was in force stays; counted, and `sluice_reload_last_ok` is 0.
  void reload_failed();
  void reload_succeeded();

  // Serves /metrics on `address` (`127.0.0.1:9464`). Error: one line with the reason.
  [[nodiscard]] Result<void, std::string> listen(const std::string& address);
  // The page as it would be served, for the summary of a replay and for tests.
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace sluice::telemetry
