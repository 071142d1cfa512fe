#pragma once

// A bounded queue of records from one thread to another, without a lock.
//
// Threads: one producer, one consumer. Only the constructor allocates. A full ring refuses a
// record: the producer counts it and goes on.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::threads {

template <typename Record>
class SpscRing {
 public:
  // Rounds up to a power of two.
  explicit SpscRing(std::size_t capacity) : records_(std::bit_ceil(capacity)) {}

  // Producer: fill in the record, then call commit(). Null: the ring is full.
  [[nodiscard]] Record* reserve() noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == records_.size()) return nullptr;
    return &records_[head & (records_.size() - 1)];
  }
  void commit() noexcept {
    head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // Consumer: read the oldest record, then call release(). Null: the ring is empty.
  [[nodiscard]] const Record* front() const noexcept {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return nullptr;
    return &records_[tail & (records_.size() - 1)];
  }
  void release() noexcept {
    tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return records_.size(); }

 private:
  std::vector<Record> records_;
  alignas(64) std::atomic<std::uint64_t> head_{0};  // next record to fill in
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // next record to read
};

}  // namespace sluice::threads
