#include "lists/compile/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace sluice::lists {

unsigned thread_count(unsigned wanted) noexcept {
  return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

void run_tasks(unsigned threads, std::size_t count, FunctionRef<void(std::size_t)> task) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr thrown;  // an exception that leaves a thread would end the process
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) task(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!thrown) thrown = std::current_exception();
    }
  };
  const std::size_t helpers = std::min<std::size_t>(threads, count);
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 1; i < helpers; ++i) {
      try {
        running.emplace_back(work);
      } catch (const std::system_error&) {
        break;  // no thread left: the caller's does the work
      }
    }
    work();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace sluice::lists
