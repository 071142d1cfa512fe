#include "filters/flow/framing_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

namespace sluice::flow {

struct FramingLog::Entry {
  std::uint64_t offset = 0;
  std::uint8_t size = 0;
  std::array<std::byte, kMaxBytes> bytes{};

  [[nodiscard]] std::uint64_t end() const noexcept { return offset + size; }
};

namespace {

constexpr std::size_t kEntryBytes = 32;
constexpr std::size_t kMostEntries = 0xffff;

}  // namespace

std::size_t FramingLog::room(const StreamPool& pool) const noexcept {
  return std::min(pool.capacity_of(slot_) / kEntryBytes, kMostEntries);
}

// A copy: slots hold bytes.
FramingLog::Entry FramingLog::entry(const StreamPool& pool, std::size_t index) const noexcept {
  static_assert(sizeof(Entry) == kEntryBytes && std::is_trivially_copyable_v<Entry>);
  const std::size_t place = (first_ + index) % room(pool);
  Entry entry;
  std::memcpy(&entry, pool.bytes_of(slot_).subspan(place * kEntryBytes, kEntryBytes).data(),
              kEntryBytes);
  return entry;
}

bool FramingLog::add(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
  if (bytes.size() > kMaxBytes) return false;
  if (slot_ == StreamPool::kNone) {
    slot_ = pool.take(kEntryBytes);
    if (slot_ == StreamPool::kNone) return false;
    first_ = count_ = 0;
  }
  if (is_full(pool)) return false;
  Entry entry{.offset = offset, .size = static_cast<std::uint8_t>(bytes.size())};
  std::ranges::copy(bytes, entry.bytes.begin());
  const std::size_t place = (first_ + count_) % room(pool);
  std::memcpy(pool.bytes_of(slot_).subspan(place * kEntryBytes, kEntryBytes).data(), &entry,
              kEntryBytes);
  ++count_;
  return true;
}

template <typename Visit>
void FramingLog::for_each_kept(const StreamPool& pool, std::uint64_t offset, std::size_t size,
                               Visit&& visit) const noexcept {
  if (slot_ == StreamPool::kNone) return;
  std::size_t index = 0;  // of the first entry that ends behind `offset`
  for (std::size_t end = count_; index < end;) {
    const std::size_t middle = index + (end - index) / 2;
    if (entry(pool, middle).end() > offset) {
      end = middle;
    } else {
      index = middle + 1;
    }
  }
  for (; index < count_; ++index) {
    const Entry kept = entry(pool, index);
    if (kept.offset >= offset + size) return;
    const std::uint64_t from = std::max(kept.offset, offset);
    const std::uint64_t to = std::min(kept.end(), offset + size);
    if (!visit(Bytes(kept.bytes).subspan(from - kept.offset, to - from), from - offset)) return;
  }
}

bool FramingLog::agrees(const StreamPool& pool, std::uint64_t offset, Bytes bytes) const noexcept {
  bool same = true;
  for_each_kept(pool, offset, bytes.size(), [&](Bytes kept, std::uint64_t at) {
    same = std::ranges::equal(kept, bytes.subspan(at, kept.size()));
    return same;
  });
  return same;
}

void FramingLog::overwrite(const StreamPool& pool, std::uint64_t offset,
                           MutableBytes bytes) const noexcept {
  for_each_kept(pool, offset, bytes.size(), [&](Bytes kept, std::uint64_t at) {
    std::ranges::copy(kept, bytes.subspan(at).begin());
    return true;
  });
}

std::uint64_t FramingLog::forget_oldest(StreamPool& pool) noexcept {
  const std::uint64_t end = entry(pool, 0).end();
  first_ = static_cast<std::uint16_t>((first_ + 1U) % room(pool));
  --count_;
  return end;
}

void FramingLog::forget(StreamPool& pool, std::uint64_t offset) noexcept {
  if (slot_ == StreamPool::kNone) return;
  while (count_ > 0 && entry(pool, 0).end() <= offset) forget_oldest(pool);
  if (count_ == 0) release(pool);
}

void FramingLog::release(StreamPool& pool) noexcept {
  if (slot_ != StreamPool::kNone) pool.give_back(slot_);
  *this = {};
}

}  // namespace sluice::flow
