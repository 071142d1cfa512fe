#pragma once

// Messages that wait for a destination which is away. Bounded: a batch is taken whole or not at
// all, so that what is lost is lost in one place of the chain. One thread.

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace sluice::telemetry {

class LineQueue {
 public:
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  // False: there is no room for it. An empty queue takes any batch: the audit rings bound that.
  [[nodiscard]] bool push(std::vector<std::string> batch) {
    std::size_t bytes = bytes_;
    for (const std::string& message : batch) bytes += message.size();
    if (!messages_.empty() && bytes > kMostBytes) return false;
    bytes_ = bytes;
    for (std::string& message : batch) messages_.push_back(std::move(message));
    return true;
  }
  [[nodiscard]] bool empty() const noexcept { return messages_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return messages_.size(); }
  // REQUIRES: not empty.
  [[nodiscard]] const std::string& front() const { return messages_.front(); }
  void pop() {
    bytes_ -= messages_.front().size();
    messages_.pop_front();
  }

 private:
  std::deque<std::string> messages_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::telemetry
