#pragma once

// Verdict: what a dataplane does with one frame.

#include <cstdint>
#include <string_view>

namespace sluice::io {

enum class Verdict : std::uint8_t {
  pass,
  drop,
  pass_flow,  // this frame and the rest of its flow, without asking again
  drop_flow,  // likewise
  replace,    // what Dataplane::replace was given goes on in this frame's place
};
inline constexpr std::size_t kVerdicts = 5;

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
