#pragma once

// The background resolver (c-ares): asks one configured resolver for the addresses of banned names
// and publishes them; workers pick them up between batches.
//
//   rules ─► names ─► A, AAAA, HTTPS, at a bounded rate ─► Resolutions ─► cell ─► workers
//
// An address counts only if the name that owns it is banned. An alias into a network that other
// names share (a CDN) yields no address, because blocking it would block the other names too.
// Where suggestions are configured, names that the answers for banned names lead to go into a table
// of its own.
// Threads: one of its own. stop() and the destructor end it at once, even with questions in flight.
// Bounds: names, questions a second, questions in flight, addresses of one answer.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "filters/base/result.h"
#include "gateway/engine/resolutions.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/tie_table.h"
#include "gateway/telemetry/resolver_counters.h"

namespace sluice::endpoints {

struct ResolverOptions {
  std::string server;            // `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`
  std::uint32_t per_second = 5;  // questions
  std::uint32_t most_names = 2000;
  std::chrono::seconds refresh{1800};  // time until a name is asked for again
};

using ResolutionsCell = engine::Published<engine::Resolutions>;

class Resolver {
 public:
  // `cell`, `counters` and `ties` outlive it; nobody else writes the counters and the ties. Null:
  // no suggestions. Error: one line.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>, std::string> start(
      const ResolverOptions& options, ResolutionsCell& cell, telemetry::ResolverCounters& counters,
      engine::TieTable* ties = nullptr);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Asks for the names of this ban from now on. The next publication drops addresses of names that
  // are no longer banned. From any thread.
  void watch(std::shared_ptr<const engine::Snapshot> ban);
  void stop();

 private:
  class Work;
  explicit Resolver(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

}  // namespace sluice::endpoints
