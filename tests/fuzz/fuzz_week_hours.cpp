// Any bytes as hours of the week: refused with a reason and without effect, or hours whose next
// change is one.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "filters/base/bytes.h"
#include "gateway/schedule/week_hours.h"

namespace sluice::fuzz {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text) {
  const auto empty = schedule::WeekHours::in("Europe/Berlin");
  require(empty.has_value());
  schedule::WeekHours week = *empty;
  const auto added = week.add(text);
  require(added.has_value() == (week != *empty));
  if (!added) {
    require(!added.error().empty());
    return;
  }
  // The week before summer time ends.
  const schedule::Time now(std::chrono::sys_days(std::chrono::year(2026) / 10 / 19));
  const auto next = week.next_change(now);
  if (!next) return;
  require(*next > now && week.contains(*next) != week.contains(now));
  require(week.contains(*next - std::chrono::seconds(1)) == week.contains(now));
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
