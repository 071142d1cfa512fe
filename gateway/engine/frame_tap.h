#pragma once

// Copies of frames that were not let on, for `sluice capture`: none, unless somebody asks.
//
//   worker ─► offer() ─► a bounded ring ─► take() ─► who asked
//
// Only frames that come up to a worker are seen: a dataplane drops the later ones of a blocked flow
// by itself. A frame is cut at kBytes. When the ring is full, the copy is lost and counted.
// Threads: offer() and is_on() are for the worker, all else for one other thread.
// Cost: while it is off, a look at an atomic for each batch. No allocation after construction.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/function_ref.h"
#include "filters/base/link_type.h"
#include "filters/base/time.h"
#include "gateway/dataplane/frame.h"
#include "gateway/threads/spsc_ring.h"

namespace sluice::engine {

class FrameTap {
 public:
  static constexpr std::size_t kFrames = 128;
  static constexpr std::size_t kBytes = 2048;  // of a frame, at most

  struct Copy {
    Nanos time{0};  // since the Unix epoch
    io::Side side = io::Side::inside;
    LinkType link = LinkType::ethernet;
    std::uint32_t length = 0;  // of the whole frame
    std::uint32_t size = 0;    // of the copy
    std::array<std::byte, kBytes> data;
    [[nodiscard]] Bytes bytes() const noexcept { return {data.data(), size}; }
  };

  [[nodiscard]] static constexpr std::size_t memory_bytes() noexcept {
    return kFrames * sizeof(Copy);
  }

  [[nodiscard]] bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }
  void offer(const io::Frame& frame) noexcept {
    Copy* const copy = ring_.reserve();
    if (copy == nullptr) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    copy->time = frame.time;
    copy->side = frame.side;
    copy->link = frame.link;
    copy->size = static_cast<std::uint32_t>(std::min(frame.bytes.size(), kBytes));
    copy->length = std::max(frame.wire_length, static_cast<std::uint32_t>(frame.bytes.size()));
    std::copy_n(frame.bytes.begin(), copy->size, copy->data.begin());
    ring_.commit();
  }

  // What is left of an earlier time is gone.
  void turn_on() noexcept {
    while (ring_.front() != nullptr) ring_.release();
    lost_ = 0;
    is_on_ = true;
  }
  void turn_off() noexcept { is_on_ = false; }
  // Visits at most so many copies, the oldest first. How many there were.
  std::size_t take(std::size_t most, FunctionRef<void(const Copy&)> visit) {
    std::size_t taken = 0;
    for (const Copy* copy = nullptr; taken < most && (copy = ring_.front()) != nullptr; ++taken) {
      visit(*copy);
      ring_.release();
    }
    return taken;
  }
  // Since turn_on().
  [[nodiscard]] std::uint64_t lost() const noexcept {
    return lost_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> is_on_ = false;
  std::atomic<std::uint64_t> lost_ = 0;
  threads::SpscRing<Copy> ring_{kFrames};
};

}  // namespace sluice::engine
