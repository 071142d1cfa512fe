#include "gateway/telemetry/tee_sink.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace sluice::telemetry {
void TeeSink::write(std::span<const std::string> lines) {
  first_->write(lines);
  for (const auto& other : others_) other->write(lines);
  pending_ += lines.size();
}

bool TeeSink::flush() {
  const bool written = first_->flush();
  const std::uint64_t lines = std::exchange(pending_, 0);
  for (const auto& other : others_) note_losses(*other, other->flush() ? 0 : lines);
  return written;
}

void TeeSink::idle() {
  first_->idle();
  for (const auto& other : others_) {
    other->idle();
    note_losses(*other, 0);
  }
}

void TeeSink::note_losses(AuditSink& other, std::uint64_t lines) {
  lines += other.take_late_losses();
  lost_beside_ += lines;
  if (lines > 0 && complaint_.may()) {
    spdlog::error("audit: {}; {} lines were lost beside the first destination so far",
                  other.error(), lost_beside_);
  }
}

bool TeeSink::reopen() {
  for (const auto& other : others_) static_cast<void>(other->reopen());
  return first_->reopen();
}

}  // namespace sluice::telemetry
