#include "gateway/app/cpus.h"

#include <sched.h>

#include <cerrno>
#include <system_error>

namespace sluice::app {
namespace {

// `0-3,6`, as taskset and systemd write them.
std::string to_text(const cpu_set_t& cpus) {
  std::string text;
  for (std::size_t first = 0; first < CPU_SETSIZE; ++first) {
    if (!CPU_ISSET(first, &cpus)) continue;
    std::size_t last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &cpus)) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (last > first) text += "-" + std::to_string(last);
    first = last;
  }
  return text;
}

}  // namespace

Result<void, std::string> check_cpus(std::span<const std::uint32_t> cpus) {
  if (cpus.empty()) return {};
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return fail("[dataplane] cpus: the kernel does not say which CPUs there are: " +
                std::generic_category().message(errno));
  }
  for (const std::uint32_t cpu : cpus) {
    if (cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed)) {
      return fail("[dataplane] cpus: this process may not run on CPU " + std::to_string(cpu) +
                  ", only on " + to_text(allowed));
    }
  }
  return {};
}

bool stay_on(std::uint32_t cpu) noexcept {
  cpu_set_t only;
  CPU_ZERO(&only);
  if (cpu >= CPU_SETSIZE) return false;
  CPU_SET(cpu, &only);
  return ::sched_setaffinity(0, sizeof only, &only) == 0;
}

}  // namespace sluice::app
