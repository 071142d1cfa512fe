#include "gateway/telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "gateway/telemetry/metric_family.h"

namespace sluice::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// The second number of /proc/self/statm is in pages.
std::optional<double> resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t all = 0, resident = 0;
  if (!(in >> all >> resident)) return std::nullopt;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> open_descriptors() {
  std::error_code error;
  std::size_t count = 0;
  std::filesystem::directory_iterator each("/proc/self/fd", error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) ++count;
  if (error) return std::nullopt;
  return static_cast<double>(count - 1);  // one is that of this look
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

std::vector<MetricFamily> process_metrics(std::chrono::system_clock::time_point started) {
  std::vector<MetricFamily> families;
  families.push_back(single("process_start_time_seconds", "When the process started, Unix time",
                            MetricType::Gauge,
                            std::chrono::duration<double>(started.time_since_epoch()).count()));
  if (rusage used{}; ::getrusage(RUSAGE_SELF, &used) == 0) {
    families.push_back(single("process_cpu_seconds_total",
                              "Processor time of the process, of all threads", MetricType::Counter,
                              seconds(used.ru_utime) + seconds(used.ru_stime)));
  }
  if (const auto bytes = resident_bytes()) {
    families.push_back(single("process_resident_memory_bytes",
                              "Memory of the process that is in RAM", MetricType::Gauge, *bytes));
  }
  if (const auto count = open_descriptors()) {
    families.push_back(
        single("process_open_fds", "Open file descriptors", MetricType::Gauge, *count));
  }
  if (rlimit most{}; ::getrlimit(RLIMIT_NOFILE, &most) == 0) {
    families.push_back(single("process_max_fds", "Most open file descriptors", MetricType::Gauge,
                              static_cast<double>(most.rlim_cur)));
  }
  return families;
}

}  // namespace sluice::telemetry
