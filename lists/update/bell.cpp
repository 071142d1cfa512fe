#include "lists/update/bell.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace sluice::lists {

Bell::Bell() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Bell::~Bell() {
  ::close(event_);
}

void Bell::ring() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(event_, &one, sizeof one) < 0);
}

void Bell::stop() noexcept {
  stopped_.store(true, std::memory_order_relaxed);
  ring();
}

void Bell::answer() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(event_, &count, sizeof count) < 0);
}

bool Bell::wait_for(std::chrono::milliseconds time) noexcept {
  pollfd waited{.fd = event_, .events = POLLIN, .revents = 0};
  const bool rang = ::poll(&waited, 1, static_cast<int>(time.count())) > 0;
  if (rang) answer();
  return rang;
}

}  // namespace sluice::lists
