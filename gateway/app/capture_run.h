#pragma once

// Runs the engine over a capture file: what `replay` and `inspect` share.

#include <functional>
#include <memory>
#include <string>

#include "gateway/app/setup.h"
#include "gateway/dataplane/pcap/capture_file.h"
#include "gateway/engine/worker.h"

namespace sluice::app {

struct CaptureJob {
  std::string read, write;  // files; `write` may be empty
  std::string config;
  bool verify_checksums = false;
  bool enforce = true;
  engine::FindingObserver* observer = nullptr;
  telemetry::AuditRing* audit = nullptr;
  std::function<bool()> after_batch;  // may be empty; false ends the run
};

struct CaptureOutcome {
  std::unique_ptr<telemetry::WorkerCounters> counters;
  std::uint64_t cut_frames = 0;
  std::string error;  // why the capture could not be read to its end; empty: it was
};

// Reports refused lines of lists on standard error. Error: lines for the operator; nothing was
// read.
[[nodiscard]] Result<CaptureOutcome, std::string> run_capture(const CaptureJob& job);

}  // namespace sluice::app
