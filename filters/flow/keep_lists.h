#pragma once

// KeepLists: the entries of a table by class, in order of use, and which one of a class gives way.
//
//   unanswered       the other end has not answered: anybody can make these, a packet each
//   unanswered_held  such, and bytes of theirs are kept for judgement
//   unanswered_long  such, in one of the few large slots
//   light            nothing is lost with them that traffic does not bring again
//   pinned           a refusal that must stand
//   held             bytes of theirs are kept for judgement
//   held_long        such, in one of the few large slots
//
// Of a class gives way the client that holds most of it (shares.h), and among equals the entry that
// has been idle longest. Entries are numbers; the table knows what they mean. One worker owns one.
// No allocation after construction. Cost: O(1) expected.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "filters/base/ip_address.h"
#include "filters/flow/shares.h"

namespace sluice::flow {

enum class Keep : std::uint8_t {
  unanswered,
  unanswered_held,
  unanswered_long,
  light,
  pinned,
  held,
  held_long
};
inline constexpr std::size_t kKeeps = 7;

// How many entries of a class there may be; 0: as many as the table has.
class ClassLimits {
 public:
  [[nodiscard]] std::uint32_t& operator[](Keep keep) noexcept {
    return limits_[static_cast<std::size_t>(keep)];
  }
  [[nodiscard]] std::uint32_t operator[](Keep keep) const noexcept {
    return limits_[static_cast<std::size_t>(keep)];
  }

 private:
  std::array<std::uint32_t, kKeeps> limits_{};
};
// A part of all entries, as such a limit.
[[nodiscard]] constexpr std::uint32_t limit_of_part(std::size_t whole, std::size_t parts) noexcept {
  return static_cast<std::uint32_t>(std::max<std::size_t>(whole / parts, 1));
}

// What decides on the class of an entry of judged traffic.
struct Standing {
  bool is_answered = false, is_refused = false, holds_memory = false, holds_large = false;
};
[[nodiscard]] constexpr Keep keep_for(const Standing& entry) noexcept {
  if (!entry.is_answered) {
    if (entry.holds_large) return Keep::unanswered_long;
    return entry.holds_memory ? Keep::unanswered_held : Keep::unanswered;
  }
  if (entry.is_refused) return Keep::pinned;
  if (entry.holds_large) return Keep::held_long;
  return entry.holds_memory ? Keep::held : Keep::light;
}

class KeepLists {
 public:
  using Index = Shares::Index;
  static constexpr Index kNone = Shares::kNone;
  enum class Owners : std::uint8_t { none, clients };

  KeepLists(std::size_t entries, const ClassLimits& limits, Owners owners, HashKey key);

  // As the most recently used. REQUIRES: the entry is not there; `client` where there are owners.
  void add(Index entry, Keep keep, const IpAddress* client) noexcept;
  // REQUIRES of the rest: the entry is there.
  void remove(Index entry) noexcept;
  void touch(Index entry) noexcept;
  void move(Index entry, Keep to) noexcept;

  [[nodiscard]] Keep keep_of(Index entry) const noexcept { return links_[entry].keep; }
  // It has a limit, and one more makes another give way.
  [[nodiscard]] bool is_full_of(Keep keep) const noexcept {
    return limits_[keep] != 0 && list_of(keep).size >= limits_[keep];
  }
  // kNone: there is none.
  [[nodiscard]] Index first_to_go(Keep keep) const noexcept;
  [[nodiscard]] Index oldest(Keep keep) const noexcept { return list_of(keep).oldest; }

  [[nodiscard]] static constexpr std::size_t bytes_per_entry(Owners owners) noexcept {
    return sizeof(Links) + (owners == Owners::clients ? Shares::bytes_per_entry() : 0);
  }

 private:
  struct Links {
    Index older = kNone, newer = kNone;
    Keep keep = Keep::light;
  };
  struct List {
    Index oldest = kNone, newest = kNone;
    std::uint32_t size = 0;
  };

  [[nodiscard]] static std::size_t number_of(Keep keep) noexcept {
    return static_cast<std::size_t>(keep);
  }
  [[nodiscard]] const List& list_of(Keep keep) const noexcept { return lists_[number_of(keep)]; }
  void link(Index entry) noexcept;
  void unlink(Index entry) noexcept;

  std::uint32_t entries_;
  ClassLimits limits_;
  Owners owners_;
  std::array<List, kKeeps> lists_;
  std::unique_ptr<Links[]> links_;
  Shares shares_;
};

}  // namespace sluice::flow
