#pragma once

// A thread that keeps the capabilities which its process gives up (privileges.h): it opens the
// interfaces, and ends.
//
//   PrivilegedThread ─► drop_capabilities() ─► run(task) … ─► ~PrivilegedThread
//     main thread          main thread          waits          nobody is privileged any more
//
// Capabilities are of a thread in Linux, and new threads inherit those of the thread that starts
// them. So whoever comes after drop_capabilities() has none, even while the interfaces are opened.
// Threads: one uses it. The thread takes no signals.

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <stop_token>
#include <thread>

namespace sluice::service {

class PrivilegedThread {
 public:
  PrivilegedThread();
  PrivilegedThread(const PrivilegedThread&) = delete;
  PrivilegedThread& operator=(const PrivilegedThread&) = delete;
  ~PrivilegedThread() = default;  // ends the thread

  // Runs the task in that thread, and waits for it. Throws what it throws.
  void run(const std::function<void()>& task);

 private:
  void serve(const std::stop_token& stopping);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::packaged_task<void()> task_;  // guarded by the mutex
  std::jthread thread_;              // last: it uses the others
};

}  // namespace sluice::service
