#include "benchmarks/matcher/limits.h"

#include <algorithm>
#include <new>
#include <utility>

#include "benchmarks/matcher/random.h"
#include "lists/compile/image_memory.h"

namespace sluice::bench {

// Sattolo's shuffle: one cycle through all lines.
Limits::Limits(std::size_t bytes) {
  const std::size_t count = std::max<std::size_t>(bytes / sizeof(Line), 1);
  memory_ = lists::allocate_image(count * sizeof(Line));
  lines_ = {new (memory_.get()) Line[count], count};
  Random random(1);
  for (std::size_t i = 0; i < count; ++i) lines_[i].next = i;
  for (std::size_t i = count; i-- > 1;) std::swap(lines_[i].next, lines_[random.below(i)].next);
}

std::uint64_t Limits::independent(std::size_t count) const noexcept {
  Random random(2);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // A multiplication instead of a remainder: a division would dominate the measurement.
    sum += lines_[(random.next() >> 32) * lines_.size() >> 32].next;
  }
  return sum;
}

std::uint64_t Limits::dependent(std::size_t count) const noexcept {
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < count; ++i) at = lines_[at].next;
  return at;
}

}  // namespace sluice::bench
