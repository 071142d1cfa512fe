#pragma once

// Frames that were blocked, for one operator at a time, who asks for them part by part (`sluice
// capture`). Bounded in frames and in time; ends by itself when its owner asks no more.
//
// Threads: one.

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "gateway/control/server.h"
#include "gateway/engine/frame_tap.h"

namespace sluice::app {

class FrameCapture {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostAPart = 256;  // frames of a reply
  static constexpr std::chrono::seconds kPatience{5};

  // The taps outlive it.
  explicit FrameCapture(std::vector<engine::FrameTap*> taps) : taps_(std::move(taps)) {}

  // False: another peer has one under way.
  [[nodiscard]] bool begin(control::PeerId owner, std::uint32_t frames, std::chrono::seconds time,
                           Time now);
  // The reply; nothing: this peer has none under way.
  [[nodiscard]] std::optional<nlohmann::ordered_json> next(control::PeerId owner, Time now);
  // Call it every second or so.
  void expire(Time now);
  [[nodiscard]] bool is_under_way() const noexcept { return owner_.has_value(); }

 private:
  void end();

  std::vector<engine::FrameTap*> taps_;
  std::optional<control::PeerId> owner_;
  std::uint32_t left_ = 0;  // frames
  Time until_, asked_;
};

}  // namespace sluice::app
