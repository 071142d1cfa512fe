#include "gateway/telemetry/counters.h"

#include <algorithm>

namespace sluice::telemetry {

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
#define SLUICE_X(name, meaning) \
  case Reason::name:            \
    return #name;
    SLUICE_REASONS(SLUICE_X)
#undef SLUICE_X
  }
  return "?";
}

std::string_view meaning_of(Reason reason) noexcept {
  switch (reason) {
#define SLUICE_X(name, meaning) \
  case Reason::name:            \
    return meaning;
    SLUICE_REASONS(SLUICE_X)
#undef SLUICE_X
  }
  return "?";
}

void TimeHistogram::observe(std::uint64_t nanos) noexcept {
  const auto bound = std::ranges::lower_bound(kTimeBounds, nanos);
  buckets[static_cast<std::size_t>(bound - kTimeBounds.begin())].add();
  sum_nanos.add(nanos);
}

}  // namespace sluice::telemetry
