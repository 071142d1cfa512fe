#include "gateway/app/frame_capture.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/control/base64.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

Json frame_of(const engine::FrameTap::Copy& copy) {
  return {{"time", copy.time.count()},
          {"side", copy.side == io::Side::inside ? "inside" : "outside"},
          {"link", static_cast<unsigned>(copy.link)},
          {"length", copy.length},
          {"data", control::to_base64(copy.bytes())}};
}

}  // namespace

bool FrameCapture::begin(control::PeerId owner, std::uint32_t frames, std::chrono::seconds time,
                         Time now) {
  expire(now);
  if (owner_ && *owner_ != owner) return false;
  owner_ = owner;
  left_ = frames;
  until_ = now + time;
  asked_ = now;
  for (engine::FrameTap* tap : taps_) tap->turn_on();
  return true;
}

std::optional<Json> FrameCapture::next(control::PeerId owner, Time now) {
  if (owner_ != owner) return std::nullopt;
  asked_ = now;
  if (now >= until_) {  // what was copied until now is still to be had
    for (engine::FrameTap* tap : taps_) tap->turn_off();
  }
  Json frames = Json::array();
  std::uint64_t lost = 0;
  for (engine::FrameTap* tap : taps_) {
    const std::size_t room = std::min<std::size_t>(left_, kMostAPart - frames.size());
    left_ -= static_cast<std::uint32_t>(
        tap->take(room, [&](const auto& copy) { frames.push_back(frame_of(copy)); }));
    lost += tap->lost();
  }
  const bool over = left_ == 0 || (now >= until_ && frames.empty());
  if (over) end();
  return Json{{"frames", std::move(frames)}, {"lost", lost}, {"over", over}};
}

void FrameCapture::expire(Time now) {
  if (owner_ && now - asked_ > kPatience) end();
}

void FrameCapture::end() {
  for (engine::FrameTap* tap : taps_) tap->turn_off();
  owner_.reset();
}

}  // namespace sluice::app
