#pragma once

// What the gateway blocked of late, for operators: the last records, and which client still tries
// which app.
//
//   AuditWriter (its thread) ─► take() ─► the last records; a row for each client and app
//                                           └► flows(), clients(): from any thread
//
// It holds no name that is not banned, because audit records do not. Clients are as in the audit
// trail: pseudonyms if those are configured. Shadows are not in it: nothing was done.
// Bounded: of more clients and apps, the one that tried last longest ago gives way, and is counted.
// Threads: a mutex between the audit thread and those who ask; workers never take it.
// Cost: allocates.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gateway/telemetry/audit.h"

namespace sluice::telemetry {

class Activity {
 public:
  struct Limits {
    std::size_t flows = 512;
    std::size_t clients = 4096;   // pairs of a client and an app
    std::size_t policies = 4096;  // pairs of a policy and an action; no others are counted
  };
  struct PolicyCount {
    std::string policy, action;
    std::uint64_t count = 0;  // records since the start
  };
  struct ClientApp {
    std::string client, app;
    std::string name, policy, action;  // of the last time
    Nanos first{0}, last{0};           // since the Unix epoch
    std::uint64_t count = 0;           // records
  };
  struct Clients {
    std::vector<ClientApp> rows;  // the latest first
    std::uint64_t all = 0;        // rows that there are
    std::uint64_t forgotten = 0;  // rows that gave way
  };

  // Two constructors, as GCC takes no default argument of a type that is not complete.
  explicit Activity(AuditOptions options) : Activity(std::move(options), Limits()) {}
  // REQUIRES: no limit is 0.
  Activity(AuditOptions options, Limits limits);

  void take(const AuditRecord& record);
  // The latest first.
  [[nodiscard]] std::vector<AuditRecord> flows(std::size_t most) const;
  [[nodiscard]] Clients clients(std::size_t most) const;
  [[nodiscard]] std::vector<PolicyCount> policies() const;
  [[nodiscard]] const AuditOptions& options() const noexcept { return options_; }

 private:
  using Rows = std::list<ClientApp>;

  void note_client(const AuditRecord& record);
  void count_policy(const AuditRecord& record);

  const AuditOptions options_;
  const Limits limits_;
  mutable std::mutex mutex_;          // guards what follows
  std::vector<AuditRecord> records_;  // a ring once it is full
  std::size_t next_ = 0;              // of the ring: where the next one goes
  Rows rows_;                         // the latest first
  std::map<std::pair<std::string, std::string>, Rows::iterator> row_of_;  // by client and app
  std::uint64_t forgotten_ = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t> policies_;
};

// The rows, as gateway/control/README.md documents them.
[[nodiscard]] nlohmann::ordered_json to_array(const Activity::Clients& clients);

}  // namespace sluice::telemetry
