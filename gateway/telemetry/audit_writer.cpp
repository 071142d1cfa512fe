#include "gateway/telemetry/audit_writer.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace sluice::telemetry {
namespace {

constexpr auto kDrainEvery = std::chrono::milliseconds(50);
constexpr auto kComplainEvery = std::chrono::minutes(1);

}  // namespace

struct AuditWriter::State {
  std::unique_ptr<AuditSink> sink;
  AuditOptions options;
  Tap tap;
  std::vector<AuditRing*> rings;
  std::vector<std::string> lines;  // of one drain
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<bool> reopen = false;
  std::chrono::steady_clock::time_point next_complaint{};
  std::mutex mutex;  // guards nothing but the wait
  std::condition_variable_any wake;
  std::jthread thread;

  void run(const std::stop_token& stopping) {
    pthread_setname_np(pthread_self(), "audit");
    std::unique_lock lock(mutex);
    while (!stopping.stop_requested()) {
      wake.wait_for(lock, stopping, kDrainEvery, [] { return false; });
      if (reopen.exchange(false) && sink && !sink->reopen()) complain();
      drain();
    }
  }

  void drain() {
    lines.clear();
    for (AuditRing* ring : rings) {
      // At most one ring full: a busy worker must not hold up the other rings.
      for (std::size_t i = 0; i < ring->capacity(); ++i) {
        const AuditRecord* record = ring->front();
        if (record == nullptr) break;
        if (tap) tap(*record);
        if (sink) lines.push_back(to_json(*record, options));
        ring->release();
      }
    }
    if (lines.empty()) return;
    sink->write(lines);
    if (sink->flush()) {
      written += lines.size();
    } else {
      failed += lines.size();
      complain();
    }
  }

  void complain() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_complaint) return;
    next_complaint = now + kComplainEvery;
    spdlog::error("audit: {}; {} records lost so far", sink->error(), failed.load());
  }
};

AuditWriter::AuditWriter(std::unique_ptr<AuditSink> sink, AuditOptions options,
                         std::vector<AuditRing*> rings, Tap tap)
    : state_(std::make_unique<State>()) {
  state_->sink = std::move(sink);
  state_->options = std::move(options);
  state_->rings = std::move(rings);
  state_->tap = std::move(tap);
  state_->thread = std::jthread(
      [state = state_.get()](const std::stop_token& stopping) { state->run(stopping); });
}

AuditWriter::~AuditWriter() {
  stop();
}

void AuditWriter::stop() {
  if (!state_->thread.joinable()) return;
  state_->thread.request_stop();
  state_->thread.join();
  state_->drain();
}

void AuditWriter::reopen() noexcept {
  state_->reopen = true;
}
std::uint64_t AuditWriter::written() const noexcept {
  return state_->written;
}
std::uint64_t AuditWriter::failed() const noexcept {
  return state_->failed;
}

}  // namespace sluice::telemetry
