#pragma once

// AliasChain: the names of one DNS answer, from the one that was asked for to where its aliases
// end, and which of them ties which to a banned app.
//
//   asked ─ CNAME ─► target ─ CNAME ─► target        HTTPS and SVCB targets join at their owner
//
// A name that no list has is tied by the nearest banned name in front of it (`alias_of`), else by
// the nearest one behind it (`alias_to`). Only records that continue the chain in order count: what
// else an answer carries is nobody's word. No allocation; up to kMost names.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "filters/dns/response.h"
#include "filters/name/name.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/tie_table.h"

namespace sluice::engine {

// Of apps that a policy in force acts on, if only by a log. Calls visit(app) for each.
template <typename Visit>
void for_each_app_in_force(const Snapshot& snapshot, const name::Name& name,
                           Visit&& visit) noexcept {
  for_each_app_that_bans(ban_of(snapshot), name, [&](match::AppId app) {
    const auto acts = [&](const policy::Policy& policy) {
      return policy.in_force && !policy.shadow && policy.action != policy::Action::allow &&
             policy.apps.has(app);
    };
    if (std::ranges::any_of(snapshot.policies.all(), acts)) visit(app);
  });
}

// A name that a list could have and that none has, not as an exception either: letters, digits,
// hyphens and underscores, in two labels at least.
[[nodiscard]] bool is_unlisted_host(const Snapshot& snapshot, const name::Name& name) noexcept;

class AliasChain {
 public:
  static constexpr std::size_t kMost = 8;

  // REQUIRES: `response` was parsed from `message`, and has one question.
  void read(Bytes message, const dns::Response& response, const Snapshot& snapshot) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // REQUIRES, here and below: index < size(). The first one is the name that was asked for.
  [[nodiscard]] const name::Name& name(std::size_t index) const noexcept { return names_[index]; }
  [[nodiscard]] bool is_unlisted(std::size_t index) const noexcept {
    return standings_[index] == Standing::unlisted;
  }
  [[nodiscard]] bool has_banned() const noexcept { return banned_ > 0; }

  // Calls visit(name, app, kind) for each name and each app that it is tied to.
  template <typename Visit>
  void for_each_tie(const Snapshot& snapshot, Visit&& visit) const noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      const Nearest nearest = is_unlisted(i) ? nearest_banned(i) : Nearest{};
      if (!nearest.found) continue;
      for_each_app_in_force(snapshot, names_[nearest.index],
                            [&](match::AppId app) { visit(names_[i], app, nearest.kind); });
    }
  }

 private:
  enum class Standing : std::uint8_t { listed, banned, unlisted };
  struct Nearest {
    bool found = false;
    std::size_t index = 0;
    TieKind kind = TieKind::alias_of;
  };
  void add(const name::Name& name, const Snapshot& snapshot) noexcept;
  [[nodiscard]] Nearest nearest_banned(std::size_t index) const noexcept;

  std::array<name::Name, kMost> names_;
  std::array<Standing, kMost> standings_{};
  std::size_t size_ = 0;
  std::size_t banned_ = 0;
};

}  // namespace sluice::engine
