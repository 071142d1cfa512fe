#include "gateway/telemetry/counter.h"

#include <algorithm>

namespace sluice::telemetry {

void TimeHistogram::observe(std::uint64_t nanos) noexcept {
  const auto bound = std::ranges::lower_bound(kTimeBounds, nanos);
  buckets[static_cast<std::size_t>(bound - kTimeBounds.begin())].add();
  sum_nanos.add(nanos);
}

}  // namespace sluice::telemetry
