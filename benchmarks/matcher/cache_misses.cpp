#include "benchmarks/matcher/cache_misses.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sluice::bench {

CacheMisses::CacheMisses() {
  perf_event_attr wanted = {};
  wanted.type = PERF_TYPE_HARDWARE;
  wanted.size = sizeof wanted;
  wanted.config = PERF_COUNT_HW_CACHE_MISSES;
  wanted.disabled = 1;
  wanted.exclude_kernel = 1;
  wanted.exclude_hv = 1;
  event_ = static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}

CacheMisses::~CacheMisses() {
  if (available()) close(event_);
}

void CacheMisses::start() noexcept {
  if (!available()) return;
  ioctl(event_, PERF_EVENT_IOC_RESET, 0);
  ioctl(event_, PERF_EVENT_IOC_ENABLE, 0);
}

std::optional<std::uint64_t> CacheMisses::stop() noexcept {
  if (!available()) return std::nullopt;
  ioctl(event_, PERF_EVENT_IOC_DISABLE, 0);
  std::uint64_t count = 0;
  if (read(event_, &count, sizeof count) != sizeof count) return std::nullopt;
  return count;
}

}  // namespace sluice::bench
