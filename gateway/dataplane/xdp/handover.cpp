#include "gateway/dataplane/xdp/handover.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "filters/flow/owner.h"

namespace sluice::io {

FrameHandover::FrameHandover(std::size_t workers, HashKey secret) : secret_(secret) {
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }
  for (std::size_t from = 0; from < workers; ++from) {
    for (std::size_t to = 0; to < workers; ++to) {
      rings_.push_back(from == to ? nullptr : std::make_unique<Ring>(kFrames));
    }
  }
}

FrameHandover::~FrameHandover() {
  for (const auto& worker : workers_) {
    if (worker->event >= 0) ::close(worker->event);
  }
}

std::size_t FrameHandover::owner_of(Bytes frame) const noexcept {
  return workers_.size() == 1
             ? 0
             : flow::owner_of_frame(frame, LinkType::ethernet, workers_.size(), secret_);
}

bool FrameHandover::offer(std::size_t from, std::size_t owner, Side side, Bytes frame) noexcept {
  Ring& ring = ring_between(from, owner);
  Frame* const slot = frame.size() > kLargest ? nullptr : ring.reserve();
  if (slot == nullptr) return false;
  slot->side = side;
  slot->length = static_cast<std::uint32_t>(frame.size());
  std::ranges::copy(frame, slot->bytes.begin());
  ring.commit();
  workers_[from]->offered_to |= 1U << owner;
  return true;
}

// Both exchange the same flag, so one comes first: either the owner finds the frame, or we find it
// asleep.
void FrameHandover::wake_owners(std::size_t from) noexcept {
  std::uint32_t& offered_to = workers_[from]->offered_to;
  if (offered_to == 0) return;
  for (std::size_t owner = 0; owner < workers_.size(); ++owner) {
    const bool was_offered = (offered_to >> owner & 1) != 0;
    if (was_offered && workers_[owner]->sleeps.exchange(false)) wake(owner);
  }
  offered_to = 0;
}

bool FrameHandover::begin_sleep(std::size_t worker) noexcept {
  workers_[worker]->sleeps.exchange(true);
  for (std::size_t from = 0; from < workers_.size(); ++from) {
    if (from != worker && ring_between(from, worker).front() != nullptr) {
      end_sleep(worker);
      return false;
    }
  }
  return true;
}

void FrameHandover::end_sleep(std::size_t worker) noexcept {
  workers_[worker]->sleeps.store(false, std::memory_order_relaxed);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(workers_[worker]->event, &count, sizeof count);
}

void FrameHandover::wake(std::size_t worker) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = ::write(workers_[worker]->event, &one, sizeof one);
}

}  // namespace sluice::io
