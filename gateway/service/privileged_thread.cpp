#include "gateway/service/privileged_thread.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace sluice::service {

// A new thread has the signal mask of the thread that starts it.
PrivilegedThread::PrivilegedThread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread([this](const std::stop_token& stopping) { serve(stopping); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PrivilegedThread::run(const std::function<void()>& task) {
  std::packaged_task<void()> wanted(task);
  std::future<void> done = wanted.get_future();
  {
    const std::lock_guard lock(mutex_);
    task_ = std::move(wanted);
  }
  changed_.notify_one();
  done.get();
}

void PrivilegedThread::serve(const std::stop_token& stopping) {
  pthread_setname_np(pthread_self(), "privileged");
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stopping, [this] { return task_.valid(); })) {
    std::packaged_task<void()> task = std::exchange(task_, {});
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace sluice::service
