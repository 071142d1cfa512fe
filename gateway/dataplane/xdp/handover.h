#pragma once

// Frames that came in by a queue of one worker and belong to another (filters/flow/owner.h):
// network cards spread flows by ports as well, and each direction in its own way.
//
//   NIC queue ─► its worker ─► offer() ─► ring of the pair ─► take() ─► owner, which judges and
//   sends
//
// A ring for each ordered pair of workers. A frame is copied, so that each worker keeps the places
// of its own memory to itself. Only what has to be judged comes this way.
//
// Threads: offer(), take(), sleep() and wake() from the worker that is named first. Allocates at
// construction. Cost: a copy; a system call where the owner sleeps.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"
#include "gateway/dataplane/frame.h"
#include "gateway/threads/spsc_ring.h"

namespace sluice::io {

class FrameHandover {
 public:
  static constexpr std::size_t kMostWorkers = 16;  // 240 rings of 1 MiB
  static constexpr std::size_t kFrames = 256;      // of each ring
  static constexpr std::size_t kLargest = 4000;    // bytes of a frame

  struct Frame {
    Side side = Side::inside;
    std::uint32_t length = 0;
    std::array<std::byte, kLargest> bytes;
  };

  // REQUIRES: 0 < workers <= kMostWorkers.
  FrameHandover(std::size_t workers, HashKey secret);
  ~FrameHandover();
  FrameHandover(const FrameHandover&) = delete;
  FrameHandover& operator=(const FrameHandover&) = delete;

  [[nodiscard]] std::size_t owner_of(Bytes frame) const noexcept;
  // False: the ring is full.
  [[nodiscard]] bool offer(std::size_t from, std::size_t owner, Side side, Bytes frame) noexcept;
  // Wakes the owners that got frames since the last call and sleep.
  void wake_owners(std::size_t from) noexcept;

  // Calls visit(frame) for what others offered, at most `most` of them. Returns how many.
  template <typename Visit>
  std::size_t take(std::size_t to, std::size_t most, Visit&& visit) noexcept {
    std::size_t taken = 0;
    for (std::size_t from = 0; from < workers_.size(); ++from) {
      if (from == to) continue;
      Ring& ring = ring_between(from, to);
      for (const Frame* frame = ring.front(); frame != nullptr && taken < most;
           frame = ring.front()) {
        visit(*frame);
        ring.release();
        ++taken;
      }
    }
    return taken;
  }

  // Readable when a frame was offered while this worker slept.
  [[nodiscard]] int event(std::size_t worker) const noexcept { return workers_[worker]->event; }
  // Before it waits. False: there are frames already, so it must not.
  [[nodiscard]] bool begin_sleep(std::size_t worker) noexcept;
  void end_sleep(std::size_t worker) noexcept;
  // From any thread.
  void wake(std::size_t worker) noexcept;

 private:
  using Ring = threads::SpscRing<Frame>;
  struct alignas(64) Worker {
    int event = -1;
    std::atomic<bool> sleeps = false;
    std::uint32_t offered_to = 0;  // a bit for each owner that it offered frames
  };

  [[nodiscard]] Ring& ring_between(std::size_t from, std::size_t to) noexcept {
    return *rings_[from * workers_.size() + to];
  }

  HashKey secret_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Ring>> rings_;  // null between a worker and itself
};

}  // namespace sluice::io
