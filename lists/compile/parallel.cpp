#include "lists/compile/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace sluice::lists {

unsigned thread_count(unsigned wanted) noexcept {
  return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

void run_tasks(unsigned threads, std::size_t count, FunctionRef<void(std::size_t)> task) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) task(i);
  };
  const std::size_t helpers = std::min<std::size_t>(threads, count);
  std::vector<std::jthread> running;
  for (std::size_t i = 1; i < helpers; ++i) running.emplace_back(work);
  work();
}

}  // namespace sluice::lists
