#pragma once

// Which port of a bridge has to be taken down or put up, so that the loss of one link shows on the
// other (link-state propagation, link loss forwarding).
//
//   well:   up, with carrier
//   failed: taken down by somebody else; or up without carrier, and out of patience
//   held:   we took it down
//
//   well   well    ─► nothing to do
//   failed well    ─► the second is taken down, and held
//   well   held    ─► the second is put up
//   failed failed  ─► nothing to do: both sides see it by themselves
//
// - Only a well port is taken down, and only a held one is put up. So at most one is held, and the
//   other one is up and sees its carrier come back. What somebody else took down, he puts up.
// - Patience: autonegotiation takes seconds. A port that we put up, or whose peer has just found
// its
//   carrier (at the start, too), has not failed until it had time to find its own. Without this,
//   two ports could take each other down for ever.
// - A port is changed once a second at most, however a link flaps.
// - A held port that somebody else puts up stays up until the other one is well.
//
// Pure: states and time in, a change out. One thread; does not allocate.

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace sluice::io {

struct PortState {
  bool is_up = false;        // administratively
  bool has_carrier = false;  // of no meaning for a port that is down
};
using PortStates = std::array<PortState, 2>;  // by Side

struct PortChange {
  std::size_t port = 0;
  bool up = false;
};

class LinkCoupling {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kBetweenChanges{1};
  static constexpr std::chrono::seconds kPatience{15};

  // What to change now. Say how it went by tried(), and look again at states that were read since.
  [[nodiscard]] std::optional<PortChange> look(const PortStates& states, Time now) noexcept;
  void tried(const PortChange& change, bool done, Time now) noexcept;
  // When to look again even if nothing happens. None: not before something does. REQUIRES: look()
  // had nothing to change.
  [[nodiscard]] std::optional<Time> next_look() const noexcept { return next_look_; }

  [[nodiscard]] bool is_held(std::size_t port) const noexcept { return ports_.at(port).is_held; }

 private:
  struct Port {
    PortState state;
    bool is_held = false;
    bool is_left_alone = false;  // somebody put it up when it was held
    Time patience_ends{};
    Time may_change{};
  };

  [[nodiscard]] static bool is_well(const Port& port) noexcept;
  [[nodiscard]] static bool has_failed(const Port& port, Time now) noexcept;
  void take(const PortStates& states, Time now) noexcept;
  [[nodiscard]] std::optional<PortChange> wanted(Time now) const noexcept;

  std::array<Port, 2> ports_;
  std::optional<Time> next_look_;
};

}  // namespace sluice::io
