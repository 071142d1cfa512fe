#pragma once

// A dataplane that lives until it is stopped, as those of interfaces do: a test pushes frames from
// its own thread, a worker takes them.

#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/dataplane/dataplane.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

class LiveDataplane final : public io::Dataplane {
 public:
  // What a test and the dataplane share; outlives it.
  struct Wire {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::deque<ByteVector> frames;
    std::string thread;               // the name of the thread that polls
    std::vector<std::uint32_t> cpus;  // on which it may run
    bool broken = false;
    std::atomic<int> passed = 0;
    std::atomic<int> dropped = 0;

    void push(ByteVector frame) {
      const std::lock_guard lock(mutex);
      frames.push_back(std::move(frame));
      changed.notify_all();
    }
    void cut() {
      const std::lock_guard lock(mutex);
      broken = true;
      changed.notify_all();
    }
    [[nodiscard]] std::string thread_name() {
      const std::lock_guard lock(mutex);
      return thread;
    }
    [[nodiscard]] std::vector<std::uint32_t> thread_cpus() {
      const std::lock_guard lock(mutex);
      return cpus;
    }
  };

  explicit LiveDataplane(Wire& wire) : wire_(wire) {}

  [[nodiscard]] io::Capabilities capabilities() const noexcept override { return {.drop = true}; }
  [[nodiscard]] io::Poll poll(io::Batch& batch) noexcept override {
    std::unique_lock lock(wire_.mutex);
    if (wire_.thread.empty()) {
      wire_.cpus = own_cpus();
      wire_.thread = own_name();
    }
    const auto ready = [&] { return wire_.broken || stopping_ || !wire_.frames.empty(); };
    // As long as a poll of interfaces may take: then the worker looks for another snapshot.
    if (!wire_.changed.wait_for(lock, std::chrono::milliseconds(1), ready)) return io::Poll::idle;
    if (wire_.broken) return io::Poll::failed;
    if (stopping_) return io::Poll::ended;
    frame_ = std::move(wire_.frames.front());
    wire_.frames.pop_front();
    batch.frames[0] = {.bytes = frame_, .wire_length = static_cast<std::uint32_t>(frame_.size())};
    batch.count = 1;
    return io::Poll::frames;
  }
  void submit(std::span<const io::FrameVerdict> verdicts) noexcept override {
    for (const io::FrameVerdict& answer : verdicts) {
      ++(io::passes(answer.verdict) ? wire_.passed : wire_.dropped);
    }
  }
  bool inject(io::Side, Bytes) noexcept override { return false; }
  bool replace(std::size_t, Bytes) noexcept override { return false; }
  void stop() noexcept override {
    const std::lock_guard lock(wire_.mutex);
    stopping_ = true;
    wire_.changed.notify_all();
  }
  [[nodiscard]] io::DataplaneCounts counts() const noexcept override { return {}; }
  [[nodiscard]] std::string error() const override { return "the cable is cut"; }

 private:
  static std::string own_name() {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    return name.data();
  }

  static std::vector<std::uint32_t> own_cpus() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<std::uint32_t> cpus;
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
    }
    return cpus;
  }

  Wire& wire_;
  bool stopping_ = false;
  ByteVector frame_;
};

}  // namespace sluice::test
