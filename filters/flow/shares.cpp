#include "filters/flow/shares.h"

#include <bit>

namespace sluice::flow {
namespace {

// 1 → 0, 2 and 3 → 1, 4 to 7 → 2, …
std::size_t level_of(std::uint32_t held) {
  return static_cast<std::size_t>(std::bit_width(held)) - 1;
}

}  // namespace

Shares::Shares(std::size_t entries, HashKey key)
    : key_(key),
      bucket_mask_(std::bit_ceil(static_cast<std::uint32_t>(entries)) - 1),
      entries_(entries),
      clients_(entries),
      buckets_(bucket_mask_ + std::size_t{1}, kNone) {
  for (auto& levels : levels_) levels.fill(kNone);
  for (auto i = static_cast<Index>(entries); i-- > 0;) {
    clients_[i].chain = free_;
    free_ = i;
  }
}

void Shares::add(Index entry, const IpAddress& client, std::size_t in_class) noexcept {
  put(entry, find_or_add(client_of(client).words(), in_class));
}

void Shares::remove(Index entry) noexcept {
  const Index index = entries_[entry].client;
  Client& client = clients_[index];
  unlink(entry, client);
  if (std::has_single_bit(client.held)) {
    leave_level(index);
    if (--client.held > 0) {
      enter_level(index);
    } else {
      forget(index);
    }
  } else {
    --client.held;
  }
}

void Shares::touch(Index entry) noexcept {
  Client& client = clients_[entries_[entry].client];
  if (client.newest == entry) return;
  unlink(entry, client);
  link(entry, client);
}

void Shares::move(Index entry, std::size_t to_class) noexcept {
  const IpAddress::Words address = clients_[entries_[entry].client].address;
  remove(entry);
  put(entry, find_or_add(address, to_class));
}

Shares::Index Shares::yields(std::size_t of_class, std::uint32_t fair) const noexcept {
  const std::uint32_t used = used_levels_[of_class];
  if (used == 0) return kNone;
  const auto highest = static_cast<std::size_t>(std::bit_width(used)) - 1;
  const Client& client = clients_[levels_[of_class][highest]];
  return client.held > fair ? client.oldest : kNone;
}

Shares::Index& Shares::bucket_of(const IpAddress::Words& address, std::size_t in_class) noexcept {
  KeyedHash hash(key_);
  hash.absorb(address[0]);
  hash.absorb(address[1]);
  return buckets_[hash.finish(in_class, 2 * sizeof(std::uint64_t) + 1) & bucket_mask_];
}

Shares::Index Shares::find_or_add(const IpAddress::Words& address, std::size_t in_class) noexcept {
  Index& bucket = bucket_of(address, in_class);
  for (Index i = bucket; i != kNone; i = clients_[i].chain) {
    if (clients_[i].address == address && clients_[i].in_class == in_class) return i;
  }
  const Index index = free_;
  Client& client = clients_[index];
  free_ = client.chain;
  client = {.address = address, .chain = bucket, .in_class = static_cast<std::uint32_t>(in_class)};
  bucket = index;
  return index;
}

void Shares::put(Index entry, Index index) noexcept {
  Client& client = clients_[index];
  entries_[entry].client = index;
  link(entry, client);
  if (client.held > 0 && std::has_single_bit(client.held + 1)) leave_level(index);
  ++client.held;
  if (std::has_single_bit(client.held)) enter_level(index);
}

void Shares::forget(Index index) noexcept {
  Client& client = clients_[index];
  Index* place = &bucket_of(client.address, client.in_class);
  while (*place != index) place = &clients_[*place].chain;
  *place = client.chain;
  client.chain = free_;
  free_ = index;
}

void Shares::link(Index entry, Client& client) noexcept {
  entries_[entry].older = client.newest;
  entries_[entry].newer = kNone;
  (client.newest == kNone ? client.oldest : entries_[client.newest].newer) = entry;
  client.newest = entry;
}

void Shares::unlink(Index entry, Client& client) noexcept {
  const Entry& links = entries_[entry];
  (links.older == kNone ? client.oldest : entries_[links.older].newer) = links.newer;
  (links.newer == kNone ? client.newest : entries_[links.newer].older) = links.older;
}

void Shares::enter_level(Index index) noexcept {
  Client& client = clients_[index];
  const std::size_t level = level_of(client.held);
  Index& first = levels_[client.in_class][level];
  client.before = kNone;
  client.after = first;
  if (first != kNone) clients_[first].before = index;
  first = index;
  used_levels_[client.in_class] |= 1U << level;
}

void Shares::leave_level(Index index) noexcept {
  const Client& client = clients_[index];
  const std::size_t level = level_of(client.held);
  Index& first = levels_[client.in_class][level];
  (client.before == kNone ? first : clients_[client.before].after) = client.after;
  if (client.after != kNone) clients_[client.after].before = client.before;
  if (first == kNone) used_levels_[client.in_class] &= ~(1U << level);
}

}  // namespace sluice::flow
