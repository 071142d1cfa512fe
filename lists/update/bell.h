#pragma once

// Wakes the thread of a source, which waits for it alone (wait_for) or beside descriptors of its
// own (poll(2) on descriptor()).
//
// Threads: ring() and stop() are for any thread; the rest is for the one that waits, but stopped(),
// which is for all.

#include <atomic>
#include <chrono>

namespace sluice::lists {

class Bell {
 public:
  Bell();  // throws std::system_error if the kernel has no descriptor left
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  // The next wait, or the one under way, returns at once.
  void ring() noexcept;
  // Rings, and says that no further fetch is wanted.
  void stop() noexcept;
  // Undoes stop(). REQUIRES: nobody waits.
  void restart() noexcept {
    answer();
    stopped_.store(false, std::memory_order_relaxed);
  }
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

  // Readable once it rang, until answer().
  [[nodiscard]] int descriptor() const noexcept { return event_; }
  void answer() noexcept;
  // Answers it. False: it did not ring in that time.
  bool wait_for(std::chrono::milliseconds time) noexcept;

 private:
  int event_;  // an eventfd
  std::atomic<bool> stopped_ = false;
};

}  // namespace sluice::lists
