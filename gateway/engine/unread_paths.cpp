#include "gateway/engine/unread_paths.h"

#include <algorithm>
#include <span>

#include "filters/flow/owner.h"

namespace sluice::engine {

UnreadPaths::UnreadPaths(HashKey key)
    : key_(key), entries_(std::make_unique<Entry[]>(kSets * kWays)) {}

std::size_t UnreadPaths::memory_bytes() noexcept {
  return kSets * kWays * sizeof(Entry);
}

std::uint64_t UnreadPaths::path_of(Bytes frame, LinkType link) const noexcept {
  return flow::path_of_frame(frame, link, key_);
}

void UnreadPaths::note(Bytes frame, LinkType link, Nanos now) noexcept {
  const std::uint64_t path = path_of(frame, link);
  const std::span<Entry> set(set_of(path), kWays);
  auto place = std::ranges::find(set, path, &Entry::path);
  if (place == set.end()) place = std::ranges::min_element(set, {}, &Entry::seen);
  *place = {path, now};
}

bool UnreadPaths::has(Bytes frame, LinkType link, Nanos now) const noexcept {
  const std::uint64_t path = path_of(frame, link);
  const std::span<const Entry> set(set_of(path), kWays);
  return std::ranges::any_of(
      set, [&](const Entry& entry) { return entry.path == path && now - entry.seen < kLife; });
}

}  // namespace sluice::engine
