#include "gateway/dataplane/links/coupling.h"

#include <algorithm>

namespace sluice::io {

bool LinkCoupling::is_well(const Port& port) noexcept {
  return port.state.is_up && port.state.has_carrier;
}

bool LinkCoupling::has_failed(const Port& port, Time now) noexcept {
  if (!port.state.is_up) return !port.is_held;
  return !port.state.has_carrier && now >= port.patience_ends;
}

void LinkCoupling::take(const PortStates& states, Time now) noexcept {
  const std::array was_well = {is_well(ports_[0]), is_well(ports_[1])};
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_.at(i);
    const PortState& state = states.at(i);
    if (state.is_up && port.is_held) {
      port.is_held = false;
      port.is_left_alone = true;
    }
    port.state = state;
  }
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_.at(i);
    Port& other = ports_.at(1 - i);
    if (!is_well(port)) continue;
    port.patience_ends = now;  // a carrier that it loses from now on is lost
    other.is_left_alone = false;
    if (!was_well.at(i) && !is_well(other)) other.patience_ends = now + kPatience;
  }
}

std::optional<PortChange> LinkCoupling::wanted(Time now) const noexcept {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Port& port = ports_.at(i);
    const Port& other = ports_.at(1 - i);
    if (port.is_held && is_well(other)) return PortChange{i, true};
    if (is_well(port) && !port.is_left_alone && has_failed(other, now)) return PortChange{i, false};
  }
  return std::nullopt;
}

std::optional<PortChange> LinkCoupling::look(const PortStates& states, Time now) noexcept {
  take(states, now);
  const auto change = wanted(now);
  if (change && now >= ports_.at(change->port).may_change) return change;
  next_look_.reset();
  const auto look_at = [this](Time time) {
    next_look_ = next_look_ ? std::min(*next_look_, time) : time;
  };
  if (change) look_at(ports_.at(change->port).may_change);
  for (const Port& port : ports_) {
    if (port.state.is_up && !is_well(port) && now < port.patience_ends) look_at(port.patience_ends);
  }
  return std::nullopt;
}

void LinkCoupling::tried(const PortChange& change, bool done, Time now) noexcept {
  Port& port = ports_.at(change.port);
  port.may_change = now + kBetweenChanges;
  if (!done) return;
  port.is_held = !change.up;
  if (change.up) port.patience_ends = now + kPatience;
}

}  // namespace sluice::io
