#include "gateway/engine/client_evidence.h"

#include <algorithm>
#include <bit>

#include "gateway/engine/witnesses.h"

namespace sluice::engine {
namespace {

constexpr std::size_t entries_of_share(std::size_t capacity) noexcept {
  return std::min(capacity, ClientEvidence::kOfClient);
}
constexpr std::size_t shares(std::size_t capacity) noexcept {
  return std::bit_floor(capacity / entries_of_share(capacity));
}

}  // namespace

ClientEvidence::ClientEvidence(std::size_t capacity, HashKey key)
    : key_(key),
      share_(entries_of_share(capacity)),
      share_mask_(shares(capacity) - 1),
      entries_(std::make_unique<Entry[]>(shares(capacity) * share_)) {}

std::size_t ClientEvidence::memory_bytes(std::size_t capacity) noexcept {
  return shares(capacity) * entries_of_share(capacity) * sizeof(Entry);
}

std::span<ClientEvidence::Entry> ClientEvidence::share_of(const IpAddress& client) const noexcept {
  const std::uint64_t hash = keyed_hash(key_, client.mapped());
  return {entries_.get() + (hash & share_mask_) * share_, share_};
}

std::uint64_t ClientEvidence::hash_of(const IpAddress& client,
                                      const IpAddress& server) const noexcept {
  KeyedHash hash(key_);
  for (const std::uint64_t word : client.words()) hash.absorb(word);
  for (const std::uint64_t word : server.words()) hash.absorb(word);
  return hash.finish(0, 2 * IpAddress::kBytes);
}

bool ClientEvidence::note(const IpAddress& client, const IpAddress& server, Nanos now,
                          Nanos until) noexcept {
  const std::span<Entry> share = share_of(client);
  const std::uint64_t pair = hash_of(client, server);
  const auto known = std::ranges::find(share, pair, &Entry::pair);
  if (known == share.end()) {
    *std::ranges::min_element(share, {}, &Entry::until) = {pair, until};
    return true;
  }
  const bool is_news = is_worth_telling(known->until, now, until);
  known->until = std::max(known->until, until);
  return is_news;
}

bool ClientEvidence::has(const IpAddress& client, const IpAddress& server,
                         Nanos now) const noexcept {
  const std::span<Entry> share = share_of(client);
  const auto known = std::ranges::find(share, hash_of(client, server), &Entry::pair);
  return known != share.end() && known->until > now;
}

}  // namespace sluice::engine
