#include "gateway/engine/name_sample.h"

#include <algorithm>
#include <span>

namespace sluice::engine {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::uint64_t check_of(std::span<const std::uint64_t> words) noexcept {
  KeyedHash hash(HashKey{});
  for (const std::uint64_t word : words) hash.absorb(word);
  return hash.finish(0, words.size() * 8);
}

}  // namespace

NameSample::NameSample(HashKey key)
    : key_(key), state_((key.k0 ^ key.k1) | 1), halves_(std::make_unique<std::array<Half, 2>>()) {}

std::uint64_t NameSample::hash(HashKey key, Bytes bytes) noexcept {
  return std::max<std::uint64_t>(keyed_hash(key, bytes), 1);
}

std::uint64_t NameSample::random() noexcept {  // xorshift64*
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return state_ * 0x2545f4914f6cdd1dU;
}

void NameSample::offer(const name::Name& name, std::string_view policy, Nanos now) noexcept {
  const std::int64_t epoch = std::max<std::int64_t>(now / kEpoch, 0);
  Half& half = (*halves_)[static_cast<std::size_t>(std::max(epoch, epoch_)) % 2];
  if (epoch > epoch_) {
    epoch_ = epoch;
    half.seen.store(0, kRelaxed);
    half.epoch.store(epoch, kRelaxed);
  }
  const std::uint64_t seen = half.seen.load(kRelaxed);
  // The upper half of a random number, scaled; an epoch has fewer than 2^32 names.
  const std::uint64_t at = seen < kEntries ? seen : ((random() >> 32) * (seen + 1)) >> 32;
  half.seen.store(seen + 1, kRelaxed);
  if (at >= kEntries) return;
  std::array<std::uint64_t, kWords> words{};
  words[0] = hash(key_, name.wire());
  const std::size_t labels = name.label_count();
  for (std::size_t i = 0; i < kSuffixes && i < labels; ++i) {
    words[1 + i] = hash(key_, name.suffix(i + 1));
  }
  words[kWords - 2] = hash(key_, as_bytes(policy));
  words[kWords - 1] = check_of(std::span(words).first(kWords - 1));
  for (std::size_t i = 0; i < kWords; ++i) half.slots[at][i].store(words[i], kRelaxed);
}

void NameSample::read(std::vector<Weighted>& out) const {
  std::int64_t newest = -1;
  for (const Half& half : *halves_) newest = std::max(newest, half.epoch.load(kRelaxed));
  for (const Half& half : *halves_) {
    const std::uint64_t seen = half.seen.load(kRelaxed);
    if (seen == 0 || half.epoch.load(kRelaxed) + 1 < newest) continue;
    const std::size_t kept = std::min<std::size_t>(seen, kEntries);
    for (std::size_t at = 0; at < kept; ++at) {
      std::array<std::uint64_t, kWords> words{};
      for (std::size_t i = 0; i < kWords; ++i) words[i] = half.slots[at][i].load(kRelaxed);
      if (words[kWords - 1] != check_of(std::span(words).first(kWords - 1))) continue;
      Weighted& it = out.emplace_back();
      it.entry.name = words[0];
      std::copy_n(words.begin() + 1, kSuffixes, it.entry.suffixes.begin());
      it.entry.policy = words[kWords - 2];
      it.weight = static_cast<double>(seen) / static_cast<double>(kept);
    }
  }
}

}  // namespace sluice::engine
