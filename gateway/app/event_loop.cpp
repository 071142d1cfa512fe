#include "gateway/app/event_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <span>
#include <system_error>

namespace sluice::app {
namespace {

std::unexpected<std::string> failure(const char* call) {
  return fail(std::string("event loop: ") + call + ": " + std::strerror(errno));
}

// Empties a timerfd or an eventfd.
void drain(int descriptor) noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(descriptor, &count, sizeof count) < 0);
}

}  // namespace

EventLoop::Outcome<std::unique_ptr<EventLoop>> EventLoop::open() {
  std::unique_ptr<EventLoop> loop(new EventLoop());
  loop->epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_.is_open()) return failure("epoll_create1");
  loop->wake_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!loop->wake_.is_open()) return failure("eventfd");
  const int wake = loop->wake_.value();
  const auto added = loop->add(wake, EPOLLIN, [wake](std::uint32_t) { drain(wake); });
  if (!added) return fail(added.error());
  return loop;
}

EventLoop::Outcome<EventLoop::Watch> EventLoop::add(int descriptor, std::uint32_t events,
                                                    OnEvents callback) {
  return add_entry({descriptor, {}, std::move(callback)}, events);
}

EventLoop::Outcome<EventLoop::Watch> EventLoop::add_owned(Descriptor descriptor,
                                                          OnEvents callback) {
  const int value = descriptor.value();
  return add_entry({value, std::move(descriptor), std::move(callback)}, EPOLLIN);
}

EventLoop::Outcome<EventLoop::Watch> EventLoop::add_entry(Entry entry, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = next_watch_;
  if (::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, entry.descriptor, &event) != 0) {
    return failure("epoll_ctl");
  }
  entries_.emplace(next_watch_, std::make_shared<const Entry>(std::move(entry)));
  return Watch{next_watch_++};
}

EventLoop::Outcome<EventLoop::Watch> EventLoop::add_timer(std::chrono::nanoseconds period,
                                                          Task callback) {
  Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.is_open()) return failure("timerfd_create");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
  const timespec time{seconds.count(), (period - seconds).count()};
  const itimerspec every{time, time};
  if (::timerfd_settime(timer.value(), 0, &every, nullptr) != 0) return failure("timerfd_settime");
  const int value = timer.value();
  return add_owned(std::move(timer), [value, callback = std::move(callback)](std::uint32_t) {
    drain(value);
    callback();
  });
}

EventLoop::Outcome<EventLoop::Watch> EventLoop::add_signal(int signal, Task callback) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  Descriptor signals(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals.is_open()) return failure("signalfd");
  const int value = signals.value();
  return add_owned(std::move(signals), [value, callback = std::move(callback)](std::uint32_t) {
    signalfd_siginfo info;
    while (::read(value, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) callback();
  });
}

void EventLoop::remove(Watch watch) {
  const auto found = entries_.find(static_cast<std::uint64_t>(watch));
  if (found == entries_.end()) return;
  ::epoll_ctl(epoll_.value(), EPOLL_CTL_DEL, found->second->descriptor, nullptr);
  entries_.erase(found);
}

void EventLoop::run() {
  std::array<epoll_event, 32> events;
  while (!stopping_) {
    const int count = ::epoll_wait(epoll_.value(), events.data(), events.size(), -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
      if (stopping_) break;
      // A callback before this one may have removed it.
      const auto found = entries_.find(event.data.u64);
      if (found == entries_.end()) continue;
      const std::shared_ptr<const Entry> entry = found->second;
      entry->callback(event.events);
    }
  }
}

void EventLoop::stop() noexcept {
  stopping_ = true;
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.value(), &one, sizeof one) < 0);
}

}  // namespace sluice::app
