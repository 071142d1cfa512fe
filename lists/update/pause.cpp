#include "lists/update/pause.h"

#include <sys/random.h>

namespace sluice::lists {
namespace {

constexpr std::int64_t kJitterPerMille = 100;
constexpr std::uint32_t kMostDoublings = 30;

// SplitMix64.
std::uint64_t draw(std::uint64_t& state) noexcept {
  state += 0x9e3779b97f4a7c15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Pause::Millis Pause::next() noexcept {
  std::int64_t time = interval_.count();
  if (failures_ > 0) {
    const std::int64_t factor = std::int64_t{1} << std::min(failures_ - 1, kMostDoublings);
    // Divided, because the product may be too large.
    if (first_.count() <= time / factor) time = first_.count() * factor;
  }
  const std::int64_t spread = time / 1000 * kJitterPerMille + time % 1000 * kJitterPerMille / 1000;
  const auto range = static_cast<std::uint64_t>(2 * spread + 1);
  return Millis(
      std::max<std::int64_t>(1, time - spread + static_cast<std::int64_t>(draw(state_) % range)));
}

std::uint64_t random_seed() noexcept {
  std::uint64_t seed = 0;
  static_cast<void>(getrandom(&seed, sizeof seed, 0) < 0);
  return seed;
}

}  // namespace sluice::lists
