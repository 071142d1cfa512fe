#pragma once

// Probes: what an honest client, or an evader, has half done when a flood comes.

#include <optional>
#include <span>
#include <string_view>

#include "tests/pressure/floods.h"

namespace sluice::pressure {

struct Probe {
  std::string_view name;
  Steps before;  // the flood
  Steps after;   // the last packet tells: it must pass if the name is ordinary, and else be dropped
};

struct ProbeMaker {
  std::string_view name;
  Probe (*make)(std::string_view server_name, unsigned port);
  Starves needs = Starves::nothing;  // what of an ordinary one can be starved
  bool only_banned = false;          // no honest client does this
};

[[nodiscard]] std::span<const ProbeMaker> probes();

}  // namespace sluice::pressure
