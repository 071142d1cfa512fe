#include <spdlog/spdlog.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <iostream>
#include <mutex>

#include "gateway/telemetry/audit.h"

namespace sluice::telemetry {
namespace {

constexpr auto kDrainEvery = std::chrono::milliseconds(50);
constexpr auto kComplainEvery = std::chrono::minutes(1);

}  // namespace

struct AuditWriter::State {
  AuditOptions options;
  std::vector<AuditRing*> rings;
  std::ofstream file;
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> failed = 0;
  std::atomic<bool> reopen = false;
  std::chrono::steady_clock::time_point next_complaint{};
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;  // under mutex
  std::thread thread;

  [[nodiscard]] bool to_stdout() const { return options.file == "-"; }
  [[nodiscard]] std::ostream& out() { return to_stdout() ? std::cout : file; }

  bool open() {
    if (to_stdout()) return true;
    file.close();
    file.clear();
    file.open(options.file, std::ios::app);
    return file.is_open();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait_for(lock, kDrainEvery, [this] { return stopping; });
      lock.unlock();
      if (reopen.exchange(false)) open();
      drain();
      lock.lock();
    }
  }

  void drain() {
    std::uint64_t taken = 0;
    for (AuditRing* ring : rings) {
      // At most what was there: a busy worker must not keep us from our other duties.
      for (std::size_t i = 0; i < ring->capacity(); ++i) {
        const AuditRecord* record = ring->front();
        if (record == nullptr) break;
        out() << to_json(*record, options) << '\n';
        ring->release();
        ++taken;
      }
    }
    if (taken == 0) return;
    if (out().flush()) {
      written += taken;
    } else {
      failed += taken;
      complain();
      if (!open()) out().clear();  // the disk may have room again the next time
    }
  }

  void complain() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_complaint) return;
    next_complaint = now + kComplainEvery;
    spdlog::error("{}: audit records cannot be written; lost so far: {}", options.file.string(),
                  failed.load());
  }
};

AuditWriter::AuditWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<AuditWriter>, std::string> AuditWriter::open(AuditOptions options,
                                                                    std::vector<AuditRing*> rings) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->rings = std::move(rings);
  errno = 0;
  if (!state->open()) {
    return fail(state->options.file.string() +
                ": cannot be opened for writing: " + std::strerror(errno));
  }
  State* const running = state.get();
  state->thread = std::thread([running] { running->run(); });
  return std::unique_ptr<AuditWriter>(new AuditWriter(std::move(state)));
}

AuditWriter::~AuditWriter() {
  stop();
}

void AuditWriter::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (!state_->thread.joinable()) return;
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
