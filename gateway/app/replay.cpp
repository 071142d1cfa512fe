// `sluice replay`: runs the engine over a capture and writes what passes to another one.

#include <fstream>
#include <iomanip>
#include <iostream>
#include <string>

#include "gateway/app/capture_run.h"
#include "gateway/app/commands.h"
#include "gateway/engine/labels.h"

namespace sluice::app {
namespace {

// Room for all records of one batch, so that a replay loses none.
constexpr std::size_t kRing = io::Batch::kCapacity * inspect::FindingList::kCapacity * 2;

void row(std::string_view what, std::uint64_t count) {
  std::cerr << "  " << std::left << std::setw(34) << what << std::right << std::setw(12) << count
            << '\n';
}

void print_summary(const cli::ReplayCommand& command, const CaptureOutcome& outcome) {
  const telemetry::WorkerCounters& counters = *outcome.counters;
  std::cerr << command.read << ":\n";
  row("packets", counters.packets.value());
  row("packets cut by the capture", outcome.cut_frames);
  row("names", counters.findings.value());
  row("TCP flows", counters.flows_created.value());
  for (std::size_t verdict = 0; verdict < telemetry::kVerdicts; ++verdict) {
    for (std::size_t reason = 0; reason < engine::kReasons; ++reason) {
      const std::uint64_t count = counters.verdicts[verdict][reason].value();
      if (count == 0) continue;
      row(std::string(to_string(static_cast<io::Verdict>(verdict))) + ", " +
              std::string(to_string(static_cast<engine::Reason>(reason))),
          count);
    }
  }
  const telemetry::Labels labels = engine::labels();
  for (std::size_t slot = 0; slot < labels.errors.size(); ++slot) {
    const std::uint64_t count = counters.errors[slot].value();
    if (count != 0) {
      row("not parsed, " + labels.errors[slot].layer + " " + labels.errors[slot].reason, count);
    }
  }
}

}  // namespace

int replay(const cli::ReplayCommand& command) {
  for (const std::string& output : {command.write, command.events}) {
    if (!is_same_file(command.read, output)) continue;
    std::cerr << "sluice: " << output << ": is the capture to read and would be overwritten\n";
    return kUnusable;
  }
  std::ofstream file;
  const bool to_stdout = command.events == "-";
  if (!command.events.empty() && !to_stdout) {
    file.open(command.events, std::ios::trunc);
    if (!file) {
      std::cerr << "sluice: " << command.events << ": cannot be opened for writing\n";
      return kUnusable;
    }
  }
  std::ostream& events = to_stdout ? std::cout : static_cast<std::ostream&>(file);
  telemetry::AuditRing ring(kRing);
  const auto drain = [&] {
    while (const telemetry::AuditRecord* record = ring.front()) {
      events << telemetry::to_json(*record, {}) << '\n';
      ring.release();
    }
    return true;  // judge the whole capture, even if records cannot be written
  };
  CaptureJob job{.read = command.read,
                 .write = command.write,
                 .config = command.config,
                 .verify_checksums = command.verify_checksums};
  if (!command.events.empty()) {
    job.audit = &ring;
    job.after_batch = drain;
  }
  const auto outcome = run_capture(job);
  if (!outcome) {
    std::cerr << outcome.error() << '\n';
    return kUnusable;
  }
  print_summary(command, *outcome);
  if (!outcome->error.empty()) std::cerr << "sluice: " << outcome->error << '\n';
  if (!command.events.empty() && !events.flush()) {
    std::cerr << "sluice: " << (to_stdout ? "standard output" : command.events)
              << ": not all of it could be written\n";
    return kUnusable;
  }
  return outcome->error.empty() ? kOk : kUnusable;
}

}  // namespace sluice::app
