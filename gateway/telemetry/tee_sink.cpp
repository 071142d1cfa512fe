#include "gateway/telemetry/tee_sink.h"

#include <spdlog/spdlog.h>

namespace sluice::telemetry {
namespace {

constexpr auto kComplainEvery = std::chrono::minutes(1);

}  // namespace

void TeeSink::write(std::span<const std::string> lines) {
  first_->write(lines);
  for (const auto& other : others_) other->write(lines);
}

bool TeeSink::flush() {
  const bool written = first_->flush();
  for (const auto& other : others_) {
    if (other->flush()) continue;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_complaint_) continue;
    next_complaint_ = now + kComplainEvery;
    spdlog::error("audit: lines were lost on their way to a second destination: {}",
                  other->error());
  }
  return written;
}

bool TeeSink::reopen() {
  for (const auto& other : others_) static_cast<void>(other->reopen());
  return first_->reopen();
}

}  // namespace sluice::telemetry
