#include "gateway/engine/tie_table.h"

#include <algorithm>
#include <bit>
#include <span>
#include <tuple>

namespace sluice::engine {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

constexpr std::size_t kBelowFactor = 4;  // entries of below_ for each place
constexpr std::size_t kPartBelow = 16;   // of the places, names below the same two labels have one
constexpr std::size_t kOwnerLabels = 2;

// By the one thread that writes. All that is written is released: a reader who sees it sees that
// its place changed hands before.
void increase(std::atomic<std::uint64_t>& word) noexcept {
  word.store(word.load(kRelaxed) + 1, kRelease);
}

std::uint64_t word_at(Bytes bytes, std::size_t index) noexcept {
  std::array<std::byte, 8> word{};
  const std::size_t at = index * word.size();
  if (at < bytes.size()) {
    copy_bytes(bytes.subspan(at, std::min(word.size(), bytes.size() - at)), word);
  }
  return std::bit_cast<std::uint64_t>(word);
}

}  // namespace

TieTable::TieTable(std::size_t names, HashKey key)
    : key_(key),
      places_count_(places_for(names)),
      most_below_(static_cast<std::uint32_t>(std::max(places_count_ / kPartBelow, kLeastBelow))),
      places_(std::make_unique<Place[]>(places_count_)),
      marks_(std::make_unique<Mark[]>(places_count_)),
      below_(std::make_unique<std::uint32_t[]>(places_count_ * kBelowFactor)),
      budgets_(std::make_unique<Budget[]>(kBudgets)) {}

std::size_t TieTable::places_for(std::size_t names) noexcept {
  return (names + kWays - 1) / kWays * kWays;
}

std::size_t TieTable::memory_bytes(std::size_t names) noexcept {
  return sizeof(TieTable) + kBudgets * sizeof(Budget) +
         places_for(names) * (sizeof(Place) + sizeof(Mark) + kBelowFactor * sizeof(std::uint32_t));
}

bool TieTable::holds(std::size_t place, std::uint64_t hash, const name::Name& name) const noexcept {
  if (marks_[place].hash != hash) return false;
  const Bytes wire = name.wire();
  for (std::size_t i = 0; i * 8 < wire.size(); ++i) {
    if (places_[place].name[i].load(kRelaxed) != word_at(wire, i)) return false;
  }
  return true;
}

void TieTable::note(const Tie& tie) noexcept {
  increase(noted_);
  const std::uint64_t hash = hash_of(tie.name);
  const std::size_t set = set_of(hash);
  for (std::size_t i = set; i < set + kWays; ++i) {
    if (holds(i, hash, tie.name) && places_[i].app.load(kRelaxed) == tie.app) {
      return add(places_[i], tie);
    }
  }
  if (!enter(tie, hash)) increase(refused_);
}

void TieTable::note_shared(const name::Name& name) noexcept {
  const std::uint64_t hash = hash_of(name);
  const std::size_t set = set_of(hash);
  for (std::size_t i = set; i < set + kWays; ++i) {
    if (holds(i, hash, name)) increase(places_[i].shared);
  }
}

void TieTable::add(Place& place, const Tie& tie) noexcept {
  increase(place.counts[static_cast<std::size_t>(tie.kind)]);
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(tie.now.count(), 0));
  if (now > place.last.load(kRelaxed)) place.last.store(now, kRelease);
  if (tie.client == nullptr) return;
  ClientSketch clients({place.clients[0].load(kRelaxed), place.clients[1].load(kRelaxed)});
  clients.add(keyed_hash(key_, tie.client->wire()));
  for (std::size_t i = 0; i < place.clients.size(); ++i) {
    place.clients[i].store(clients.words()[i], kRelease);
  }
}

// A new name. False: there is no place for it.
bool TieTable::enter(const Tie& tie, std::uint64_t hash) noexcept {
  const std::size_t labels = std::min(tie.name.label_count(), kOwnerLabels);
  const auto below = static_cast<std::uint32_t>(keyed_hash(key_, tie.name.suffix(labels)) %
                                                (places_count_ * kBelowFactor));
  if (below_[below] >= most_below_) return false;
  const auto found = place_for(hash, tie.now);
  if (!found || (tie.client != nullptr && !may_bring(*tie.client, tie.now))) return false;
  Mark& mark = marks_[*found];
  if (mark.hash != 0) --below_[mark.below];
  ++below_[below];
  mark = {hash, below};
  Place& place = places_[*found];
  const std::uint64_t life = place.life.load(kRelaxed);
  place.life.store(life + 1, kRelaxed);
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(tie.now.count(), 0));
  place.app.store(tie.app, kRelease);
  place.first.store(now, kRelease);
  place.last.store(now, kRelease);
  place.shared.store(0, kRelease);
  for (Word& word : place.clients) word.store(0, kRelease);
  for (Word& word : place.counts) word.store(0, kRelease);
  for (std::size_t i = 0; i < kNameWords; ++i) {
    place.name[i].store(word_at(tie.name.wire(), i), kRelease);
  }
  place.life.store(life + 2, kRelease);
  add(place, tie);
  return true;
}

std::optional<std::size_t> TieTable::place_for(std::uint64_t hash, Nanos now) const noexcept {
  struct Rank {
    bool is_fresh = true;
    std::uint32_t clients = 0;
    std::uint64_t ties = 0, last = 0;
    std::size_t place = 0;
    [[nodiscard]] auto order() const { return std::tie(is_fresh, clients, ties, last); }
  };
  std::optional<Rank> least;
  const std::size_t set = set_of(hash);
  for (std::size_t i = set; i < set + kWays; ++i) {
    if (marks_[i].hash == 0) return i;
    const Place& place = places_[i];
    Rank rank{.last = place.last.load(kRelaxed), .place = i};
    rank.clients =
        ClientSketch({place.clients[0].load(kRelaxed), place.clients[1].load(kRelaxed)}).bits_set();
    for (const Word& count : place.counts) rank.ties += count.load(kRelaxed);
    rank.is_fresh = now - Nanos(static_cast<std::int64_t>(rank.last)) <= kStale;
    if (rank.clients > 1 && rank.is_fresh) continue;
    if (!least || rank.order() < least->order()) least = rank;
  }
  return least ? std::optional(least->place) : std::nullopt;
}

// Clients with the same hash share a budget.
bool TieTable::may_bring(const IpAddress& client, Nanos now) noexcept {
  Budget& budget = budgets_[keyed_hash(key_, client.wire()) / ClientSketch::kBits % kBudgets];
  const std::int64_t hour = now / Nanos(std::chrono::hours(1));
  if (budget.hour != hour) budget = {hour, 0};
  if (budget.used >= kNewOfClient) return false;
  ++budget.used;
  return true;
}

std::optional<TieTable::Kept> TieTable::read(std::size_t place) const noexcept {
  const Place& from = places_[place];
  const std::uint64_t life = from.life.load(kAcquire);
  if (life == 0 || life % 2 != 0) return std::nullopt;
  Kept kept{.life = life, .app = from.app.load(kAcquire), .shared = from.shared.load(kAcquire)};
  kept.first = Nanos(static_cast<std::int64_t>(from.first.load(kAcquire)));
  kept.last = Nanos(static_cast<std::int64_t>(from.last.load(kAcquire)));
  kept.clients = ClientSketch({from.clients[0].load(kAcquire), from.clients[1].load(kAcquire)});
  for (std::size_t i = 0; i < kTieKinds; ++i) kept.counts[i] = from.counts[i].load(kAcquire);
  std::array<std::uint64_t, kNameWords> words{};
  for (std::size_t i = 0; i < kNameWords; ++i) words[i] = from.name[i].load(kAcquire);
  if (from.life.load(kRelaxed) != life) return std::nullopt;
  const auto name = name::Name::from_wire(std::as_bytes(std::span(words)));
  if (!name) return std::nullopt;
  kept.name = *name;
  return kept;
}

}  // namespace sluice::engine
