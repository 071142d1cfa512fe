#pragma once

// The background resolver (c-ares): asks one configured resolver for the addresses of banned names,
// and publishes what it finds for workers to pick up between batches.
//
//   rules ─► names ─► A, AAAA, HTTPS, so many questions a second ─► Resolutions ─► cell ─► workers
//
// An address counts only where the name that has it is banned: an alias into a network that serves
// others too (a CDN) gives nothing, for what is there is not the app's alone.
// A thread of its own; stop() and the destructor end it within a moment, whatever is under way.
// Bounds: names, questions a second, questions under way, addresses of one answer.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "filters/base/result.h"
#include "gateway/engine/resolutions.h"
#include "gateway/engine/snapshot.h"
#include "gateway/telemetry/counters.h"

namespace sluice::endpoints {

struct ResolverOptions {
  std::string server;            // `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`
  std::uint32_t per_second = 5;  // questions
  std::uint32_t most_names = 2000;
  std::chrono::seconds refresh{1800};  // a name is asked for again after this
};

using ResolutionsCell = engine::Published<engine::Resolutions>;

class Resolver {
 public:
  // `cell` and `counters` (written by this resolver alone) outlive it. Error: one line.
  [[nodiscard]] static Result<std::unique_ptr<Resolver>, std::string> start(
      const ResolverOptions& options, ResolutionsCell& cell, telemetry::WorkerCounters& counters);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Asks for the names of this ban from now on; what was found under an earlier one goes with the
  // next publication, unless the name is banned still. From any thread.
  void watch(std::shared_ptr<const engine::Snapshot> ban);
  void stop();

 private:
  class Work;
  explicit Resolver(std::unique_ptr<Work> work);
  std::unique_ptr<Work> work_;
};

}  // namespace sluice::endpoints
