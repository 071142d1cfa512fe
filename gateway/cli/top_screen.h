#pragma once

// The screen of `sluice top`, as lines: pure, so that a test can read it.
//
// Two replies to `status`, some time apart, give rates; `flows` and `clients` say what was blocked
// of late. Lines are printable ASCII, and no longer than the screen is wide.
// Cost: allocates.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sluice::cli {

enum class ScreenStyle : std::uint8_t { plain, heading, good, bad };

struct ScreenLine {
  std::string text;
  ScreenStyle style = ScreenStyle::plain;
  friend bool operator==(const ScreenLine&, const ScreenLine&) = default;
};

struct TopReplies {
  const nlohmann::ordered_json& before;  // `status`; null: there was none, and rates are 0
  const nlohmann::ordered_json& now;
  const nlohmann::ordered_json& flows;
  const nlohmann::ordered_json& clients;
  double seconds = 1;  // between the two
};

// At most `height` lines. What does not fit is left out section by section, the least urgent first.
[[nodiscard]] std::vector<ScreenLine> top_screen(const TopReplies& replies, std::size_t width,
                                                 std::size_t height);

}  // namespace sluice::cli
