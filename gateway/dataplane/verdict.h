#pragma once

// Verdict: what a dataplane does with one frame, and for pass_flow and drop_flow, with the later
// frames of its flow.

#include <cstdint>
#include <string_view>

#include "gateway/dataplane/flow_key.h"

namespace sluice::io {

enum class Verdict : std::uint8_t {
  pass,
  drop,
  pass_flow,  // pass this frame, and the rest of its flow where the dataplane can
  drop_flow,  // drop them, likewise
  replace,    // send the frame that Dataplane::replace was given, instead of this one
};
inline constexpr std::size_t kVerdicts = 5;

// Counts the policies that the gateway has had. A verdict for a flow holds for one generation.
using Generation = std::uint64_t;

// The answer to one frame. `flow` and `generation` mean something for pass_flow and drop_flow only.
struct FrameVerdict {
  Verdict verdict = Verdict::pass;
  FlowKey flow;
  Generation generation = 0;
};

[[nodiscard]] constexpr bool passes(Verdict verdict) noexcept {
  return verdict == Verdict::pass || verdict == Verdict::pass_flow || verdict == Verdict::replace;
}

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::drop:
      return "drop";
    case Verdict::pass_flow:
      return "pass_flow";
    case Verdict::drop_flow:
      return "drop_flow";
    case Verdict::replace:
      return "replace";
  }
  return "?";
}

}  // namespace sluice::io
