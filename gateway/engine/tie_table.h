#pragma once

// TieTable: names that no list has and that traffic ties to a banned app, as candidates for
// `sluice lists suggest`. Of a name and an app it keeps how often each kind of tie was seen, when
// first and last, and a sketch of the clients (client_sketch.h): no addresses, and nothing of names
// without a tie.
//
//   hash of the name ─► a set of kWays places: | name, app, counts, times, sketch | … |
//
// Bounds, so that made-up names do not push out others: a client brings at most kNewOfClient new
// names an hour; names below the same two labels have a sixteenth of the places, so whoever owns
// one domain fills no more; a place that two clients have filled gives way only after kStale. What
// finds no place is counted. Of those that give way the stale ones go first, then those of the
// fewest clients and ties.
//
// Threads: note() and note_shared() are for one thread; read() for any, at the same time: a place
// that changes hands meanwhile is not read. Only the constructor allocates. Cost: a hash of the
// name and a look at one set.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/name/name.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/client_sketch.h"

namespace sluice::engine {

// What ties a name to an app.
enum class TieKind : std::uint8_t {
  alias_of,  // the answer for a banned name leads to it
  alias_to,  // its answer leads to a banned name
  address,   // its answer leads to addresses that only the app has
  hello,     // a client showed it to a server at such an address
  resolved,  // as alias_of, in an answer to the background resolver: of no client
};
inline constexpr std::size_t kTieKinds = 5;

struct Tie {
  const name::Name& name;
  AppTag app{};
  TieKind kind = TieKind::alias_of;
  const IpAddress* client = nullptr;  // from flow::client_of(); null: the gateway itself
  Nanos now{0};
};

class TieTable {
 public:
  static constexpr std::size_t kWays = 8;
  static constexpr std::uint32_t kNewOfClient = 16;
  static constexpr Nanos kStale = std::chrono::days(7);

  // At least `names` places. REQUIRES: names > 0. Tables whose sketches are put together have one
  // key.
  TieTable(std::size_t names, HashKey key);

  void note(const Tie& tie) noexcept;
  // The name, if it is here, was also seen where names that are not banned lead, or at an address
  // that many names have.
  void note_shared(const name::Name& name) noexcept;

  // What is kept in one place.
  struct Kept {
    std::uint64_t life = 0;  // another one, once another name has the place
    name::Name name;
    AppTag app{};
    std::array<std::uint64_t, kTieKinds> counts{};
    std::uint64_t shared = 0;
    ClientSketch clients;
    Nanos first{0}, last{0};
  };
  [[nodiscard]] std::size_t places() const noexcept { return places_count_; }
  // Nothing: the place is empty, or changes hands just now. REQUIRES: place < places().
  [[nodiscard]] std::optional<Kept> read(std::size_t place) const noexcept;

  // Ties that were noted, and those of new names that found no place. From any thread.
  [[nodiscard]] std::uint64_t noted() const noexcept {
    return noted_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t refused() const noexcept {
    return refused_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] static std::size_t memory_bytes(std::size_t names) noexcept;

 private:
  using Word = std::atomic<std::uint64_t>;
  static constexpr std::size_t kNameWords = (name::kMaxNameBytes + 7) / 8;
  static constexpr std::size_t kBudgets = 1024;
  static constexpr std::size_t kLeastBelow = 16;  // names below the same two labels

  struct Place {
    Word life{0};  // odd: it changes hands; 0: empty
    Word app{0}, first{0}, last{0}, shared{0};
    std::array<Word, 2> clients{};
    std::array<Word, kTieKinds> counts{};
    std::array<Word, kNameWords> name{};  // wire form
  };
  struct Mark {  // for the one thread
    std::uint64_t hash = 0;
    std::uint32_t below = 0;  // its place in below_
  };
  struct Budget {
    std::int64_t hour = -1;
    std::uint32_t used = 0;
  };
  static std::size_t places_for(std::size_t names) noexcept;

  [[nodiscard]] std::uint64_t hash_of(const name::Name& name) const noexcept {
    return keyed_hash(key_, name.wire()) | 1;  // 0 is an empty place
  }
  [[nodiscard]] std::size_t set_of(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(hash >> 8) % (places_count_ / kWays) * kWays;
  }
  [[nodiscard]] bool holds(std::size_t place, std::uint64_t hash,
                           const name::Name& name) const noexcept;
  // None: none of the set gives way.
  [[nodiscard]] std::optional<std::size_t> place_for(std::uint64_t hash, Nanos now) const noexcept;
  [[nodiscard]] bool may_bring(const IpAddress& client, Nanos now) noexcept;
  bool enter(const Tie& tie, std::uint64_t hash) noexcept;
  void add(Place& place, const Tie& tie) noexcept;

  HashKey key_;
  std::size_t places_count_;
  std::uint32_t most_below_;
  std::unique_ptr<Place[]> places_;
  std::unique_ptr<Mark[]> marks_;
  std::unique_ptr<std::uint32_t[]> below_;  // names that are here, by the hash of their two labels
  std::unique_ptr<Budget[]> budgets_;
  Word noted_{0}, refused_{0};
};

}  // namespace sluice::engine
