#include "gateway/telemetry/audit_writer.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "gateway/telemetry/once_a_minute.h"

namespace sluice::telemetry {
namespace {

constexpr auto kDrainEvery = std::chrono::milliseconds(50);

Nanos now() {
  return std::chrono::system_clock::now().time_since_epoch();
}

}  // namespace

struct AuditWriter::State {
  std::unique_ptr<AuditSink> sink;
  AuditOptions options;
  Tap tap;
  std::vector<AuditRing*> rings;
  std::optional<audit::Chain> chain;  // behind what was written
  std::vector<std::string> lines;     // of one drain
  std::uint64_t not_said = 0;         // records that were lost, and the trail does not say so yet
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<std::uint64_t> lost_beside = 0;
  std::atomic<bool> reopen = false;
  OnceAMinute complaint;
  std::mutex mutex;                // guards the notes, and the wait
  std::vector<std::string> notes;  // that wait for the next drain
  std::condition_variable_any wake;
  std::jthread thread;

  void run(const std::stop_token& stopping) {
    pthread_setname_np(pthread_self(), "audit");
    std::unique_lock lock(mutex);
    while (!stopping.stop_requested()) {
      wake.wait_for(lock, stopping, kDrainEvery, [] { return false; });
      lock.unlock();
      if (reopen.exchange(false) && sink && !sink->reopen()) complain();
      drain();
      lock.lock();
    }
  }

  void take_notes() {
    const std::lock_guard lock(mutex);
    for (std::string& note : notes) lines.push_back(std::move(note));
    notes.clear();
  }

  void drain() {
    lines.clear();
    take_notes();
    const std::size_t noted = lines.size();
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
    if (lines.empty()) {
      if (sink) sink->idle();
      return note_late_losses();
    }
    const std::size_t records = lines.size() - noted;
    if (not_said > 0) lines.insert(lines.begin(), lost_json(now(), not_said, options.format));
    // The chain goes on behind what was written.
    auto next = chain;
    if (next) std::ranges::for_each(lines, [&](std::string& line) { next->add(line); });
    sink->write(lines);
    if (sink->flush()) {
      chain = std::move(next);
      not_said = 0;
      written += records;
    } else {
      not_said += records;
      failed += records;
      complain();
    }
    note_late_losses();
  }

  void note_late_losses() {
    if (!sink) return;
    lost_beside = sink->lost_beside();
    const std::uint64_t lost = sink->take_late_losses();
    if (lost == 0) return;
    not_said += lost;
    failed += lost;
    complain();
  }

  void complain() {
    if (!complaint.may()) return;
    spdlog::error("audit: {}; {} records lost so far", sink->error(), failed.load());
  }
};

AuditWriter::AuditWriter(std::unique_ptr<AuditSink> sink, AuditOptions options,
                         std::vector<AuditRing*> rings, Tap tap, const audit::ChainValue& before)
    : state_(std::make_unique<State>()) {
  state_->sink = std::move(sink);
  state_->options = std::move(options);
  state_->rings = std::move(rings);
  state_->tap = std::move(tap);
  if (state_->options.chain) state_->chain.emplace(state_->options.chain_key, before);
  if (state_->sink) state_->notes.push_back(start_json(now(), state_->options.format));
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

void AuditWriter::note(const UpdateRecord& update) {
  if (!state_->sink) return;
  std::string line = update_json(now(), update, state_->options.format);
  const std::lock_guard lock(state_->mutex);
  state_->notes.push_back(std::move(line));
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

std::uint64_t AuditWriter::lost_beside() const noexcept {
  return state_->lost_beside;
}

}  // namespace sluice::telemetry
