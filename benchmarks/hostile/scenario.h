#pragma once

// A scenario: packets that an attacker can send, in order, and the verdicts that they must get.
//
// Frames are built before the timed part. Only one scenario is in memory at a time.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "filters/policy/fallbacks.h"
#include "gateway/dataplane/frame.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {

struct Step {
  test::ByteVector frame;
  io::Side side = io::Side::inside;
};
using Steps = std::vector<Step>;

enum class Expect : std::uint8_t {
  pass,  // every packet passes, unchanged or rewritten
  drop,  // every packet is dropped
  any,   // not checked: an engine may refuse some; the probe is checked
};

struct Scenario {
  Steps opening;  // not timed
  Steps attack;   // timed
  Expect expect = Expect::any;
  Steps probe = {};  // not timed, sent last; its last packet shows a banned name: must be dropped
  Nanos spacing = std::chrono::microseconds(10);  // between packets
  policy::Ech ech = policy::Ech::allow;
};

struct ScenarioEntry {
  std::string_view group;  // protocol or state
  std::string_view name;   // kOrdinary: the ordinary packet of the group; it comes first
  Scenario (*make)();
};
inline constexpr std::string_view kOrdinary = "ordinary";

[[nodiscard]] std::span<const ScenarioEntry> tcp_scenarios();
[[nodiscard]] std::span<const ScenarioEntry> http_scenarios();
[[nodiscard]] std::span<const ScenarioEntry> dns_scenarios();
[[nodiscard]] std::span<const ScenarioEntry> datagram_scenarios();
[[nodiscard]] std::span<const ScenarioEntry> packet_scenarios();

}  // namespace sluice::bench
