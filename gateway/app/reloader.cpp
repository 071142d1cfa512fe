#include "gateway/app/reloader.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>

namespace sluice::app {
namespace {

constexpr int kNice = 15;
// ioprio_set(2): class "idle", which other readers of the disk go before.
constexpr int kIoprioWhoProcess = 1;
constexpr int kIoprioIdle = 3 << 13;

// Of the calling thread, and of the threads that it starts. A reload that runs at the usual
// priority is better than none, so failures are ignored.
void lower_priority() noexcept {
  const auto self = static_cast<id_t>(::gettid());
  static_cast<void>(::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNice));
  const sched_param none{};
  static_cast<void>(::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none));
  static_cast<void>(::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, kIoprioIdle));
}

Reloader::Outcome outcome_of(const Reloader::Build& build) {
  try {
    return build();
  } catch (const std::exception& error) {
    return fail(std::string(error.what()));
  }
}

}  // namespace

Reloader::Reloader(EventLoop& loop, Build build, Done done)
    : loop_(loop), build_(std::move(build)), done_(std::move(done)) {}

Result<std::unique_ptr<Reloader>, std::string> Reloader::open(EventLoop& loop, Build build,
                                                              Done done) {
  std::unique_ptr<Reloader> reloader(new Reloader(loop, std::move(build), std::move(done)));
  reloader->built_ = Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!reloader->built_.is_open()) {
    return fail(std::string("reload: eventfd: ") + std::strerror(errno));
  }
  const auto watch = loop.add(reloader->built_.value(), EPOLLIN,
                              [self = reloader.get()](std::uint32_t) { self->finish(); });
  if (!watch) return fail(watch.error());
  reloader->watch_ = *watch;
  return reloader;
}

Reloader::~Reloader() {
  stop();
}

void Reloader::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
  loop_.remove(watch_);
}

void Reloader::request(bool accepted) {
  if (stopped_) return;
  if (is_busy() || delivers_) {
    again_ = true;
    again_accepted_ |= accepted;
  } else {
    start(accepted);
  }
}

void Reloader::start(bool accepted) {
  accepted_ = accepted;
  try {
    thread_ = std::jthread([this] {
      pthread_setname_np(pthread_self(), "reload");
      lower_priority();
      outcome_ = outcome_of(build_);
      const std::uint64_t one = 1;
      static_cast<void>(::write(built_.value(), &one, sizeof one) < 0);
    });
  } catch (const std::system_error& error) {
    done_(fail(std::string("no thread: ") + error.what()));
  }
}

void Reloader::finish() {
  std::uint64_t count = 0;
  static_cast<void>(::read(built_.value(), &count, sizeof count) < 0);
  thread_.join();
  auto outcome = std::exchange(outcome_, std::nullopt);
  if (outcome && *outcome) (*outcome)->accepted = accepted_;
  delivers_ = true;
  if (outcome) done_(std::move(*outcome));
  delivers_ = false;
  const bool accepted = std::exchange(again_accepted_, false);
  if (std::exchange(again_, false)) start(accepted);
}

}  // namespace sluice::app
