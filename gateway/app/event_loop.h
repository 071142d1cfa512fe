#pragma once

// The event loop of the main thread (epoll, signalfd, timerfd): waits for descriptors, timers and
// signals, and calls back.
//
// Ownership: a descriptor that is added stays its owner's, who removes it before closing it.
// Threads: one thread adds, removes and runs; stop() may be called from any. Add signals before
// other threads start: add_signal() blocks the signal in the calling thread, and new threads
// inherit that.
// Callbacks run one at a time. They may add and remove, also themselves, and may stop the loop. An
// exception leaves run().
// Errors: one line, when the kernel has no descriptor or memory left.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "filters/base/result.h"
#include "gateway/os/descriptor.h"

namespace sluice::app {

using os::Descriptor;

class EventLoop {
 public:
  // Names what was added. Watch{} names nothing.
  enum class Watch : std::uint64_t {};
  using OnEvents = std::function<void(std::uint32_t events)>;  // EPOLLIN and so on
  using Task = std::function<void()>;
  template <typename Value>
  using Outcome = Result<Value, std::string>;

  [[nodiscard]] static Outcome<std::unique_ptr<EventLoop>> open();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Level-triggered. `events` as for epoll_ctl(2).
  [[nodiscard]] Outcome<Watch> add(int descriptor, std::uint32_t events, OnEvents callback);
  // Calls every `period`. Periods that pass during another callback count as one.
  // REQUIRES: period > 0.
  [[nodiscard]] Outcome<Watch> add_timer(std::chrono::nanoseconds period, Task callback);
  // The signal stays blocked when the loop is gone.
  [[nodiscard]] Outcome<Watch> add_signal(int signal, Task callback);
  void remove(Watch watch);

  // Until stop(). A stop() before run() counts.
  void run();
  void stop() noexcept;

 private:
  struct Entry {
    int descriptor;
    Descriptor owned;  // of a timer or a signal
    OnEvents callback;
  };

  EventLoop() = default;
  Outcome<Watch> add_entry(Entry entry, std::uint32_t events);
  Outcome<Watch> add_owned(Descriptor descriptor, OnEvents callback);

  Descriptor epoll_, wake_;
  std::uint64_t next_watch_ = 1;
  // Shared, so that a callback may remove itself.
  std::unordered_map<std::uint64_t, std::shared_ptr<const Entry>> entries_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace sluice::app
