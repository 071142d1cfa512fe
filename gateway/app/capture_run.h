#pragma once

// The engine over a capture file: what `replay` and `inspect` share.

#include <functional>
#include <memory>
#include <string>

#include "gateway/app/setup.h"
#include "gateway/dataplane/pcap/capture_file.h"
#include "gateway/engine/worker.h"

namespace sluice::app {

struct CaptureJob {
  std::string read, write;  // files; write empty: none
  std::string config;
  bool verify_checksums = false;
  bool enforce = true;
  engine::FindingObserver* observer = nullptr;
  telemetry::AuditRing* audit = nullptr;
  std::function<bool()> after_batch;  // may be empty; false: enough, nobody reads what we write
};

struct CaptureOutcome {
  std::unique_ptr<telemetry::WorkerCounters> counters;
  std::uint64_t cut_frames = 0;
  std::string error;  // of the capture: what was wrong behind the last packet that was read
};

// Error: nothing was read; lines for the operator. Lines of lists that were refused go to standard
// error.
[[nodiscard]] Result<CaptureOutcome, std::string> run_capture(const CaptureJob& job);

}  // namespace sluice::app
