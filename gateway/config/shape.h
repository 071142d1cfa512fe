#pragma once

// Bounds on the text of a configuration, checked before the TOML library sees it.
//
// The library calls itself once for each part of a dotted key and for each bracket that is open, so
// a key of 100,000 parts would overflow the stack and end the process. Knows of TOML only where
// strings and comments end. Pure; linear in the text. Private to gateway/config.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;
inline constexpr unsigned kMaxKeyParts = 16;  // the configuration has 2
inline constexpr unsigned kMaxOpen = 16;      // brackets within each other; the configuration has 2

struct ShapeProblem {
  std::uint32_t line = 0;
  std::string reason;
};

// The first thing that is out of bounds.
[[nodiscard]] std::optional<ShapeProblem> shape_problem(std::string_view text);

}  // namespace sluice::config
