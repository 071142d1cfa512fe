#pragma once

// Memory for the frames of one batch, allocated at start. libpcap's own buffer holds a frame only
// until the next one is read.

#include <algorithm>
#include <memory>

#include "gateway/dataplane/frame.h"

namespace sluice::io {

inline constexpr std::size_t kMaxFrame = 256 * 1024;  // libpcap's largest snapshot length

class FrameArena {
 public:
  FrameArena() : bytes_(std::make_unique_for_overwrite<std::byte[]>(kSize)) {}

  void clear() noexcept { used_ = 0; }
  [[nodiscard]] bool has_room() const noexcept { return kSize - used_ >= kMaxFrame; }
  // A copy of `frame`, cut at kMaxFrame. REQUIRES: has_room().
  [[nodiscard]] MutableBytes keep(Bytes frame) noexcept {
    const Bytes kept = frame.first(std::min(frame.size(), kMaxFrame));
    const MutableBytes room{bytes_.get() + used_, kept.size()};
    copy_bytes(kept, room);
    used_ += kept.size();
    return room;
  }
  // Overwrites a frame that was kept. False: `with` is larger.
  [[nodiscard]] static bool overwrite(MutableBytes& kept, Bytes with) noexcept {
    if (with.size() > kept.size()) return false;
    copy_bytes(with, kept);
    kept = kept.first(with.size());
    return true;
  }

 private:
  static constexpr std::size_t kSize = 4 * kMaxFrame;  // a batch of huge frames ends early

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t used_ = 0;
};

}  // namespace sluice::io
