#include "gateway/app/capture_run.h"

#include <iostream>

#include "gateway/app/limits.h"
#include "gateway/cli/progress_bar.h"
#include "gateway/os/random_key.h"

namespace sluice::app {

Result<CaptureOutcome, std::string> run_capture(const CaptureJob& job) {
  auto config = load_config(job.config);
  if (!config) return fail(config.error());
  // A capture made on a host holds checksums that its network card would have filled in.
  config->live.verdicts.checksums =
      job.verify_checksums ? config::Checksums::verify : config::Checksums::ignore;
  auto ban = build_first_ban(config->live);
  if (!ban) return fail("sluice: " + ban.error());
  for (const std::string& line : ban->refused) std::cerr << "sluice: " << line << '\n';
  auto capture = io::CaptureFile::open(job.read, job.write);
  if (!capture) return fail("sluice: " + capture.error());
  const std::string warning = job.enforce ? ban_warning(ban->status) : std::string();
  if (!warning.empty()) std::cerr << "sluice: " << warning << '\n';

  const engine::SnapshotCell snapshots(ban->snapshot);
  CaptureOutcome outcome;
  outcome.counters = std::make_unique<telemetry::WorkerCounters>();
  const auto worker = std::make_unique<engine::Worker>(
      engine::Worker::Parts{**capture, snapshots, *outcome.counters, job.audit, job.observer,
                            nullptr, config->start.tunnels, routes_of(config->start)},
      limits_of(config->start), os::random_key(), job.enforce);
  cli::ProgressBar progress;
  io::Poll poll;
  do {
    poll = worker->run_batch();
    if (job.after_batch && !job.after_batch()) break;
    progress.update((*capture)->bytes_read(), (*capture)->bytes_total(),
                    outcome.counters->packets.value());
  } while (poll == io::Poll::frames || poll == io::Poll::idle);
  outcome.cut_frames = (*capture)->cut_frames();
  outcome.error = (*capture)->error();
  if (outcome.error.empty()) outcome.error = (*capture)->undecoded();
  return outcome;
}

}  // namespace sluice::app
