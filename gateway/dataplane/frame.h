#pragma once

// Frames as a dataplane hands them to a worker, a batch at a time.

#include <array>
#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/link_type.h"
#include "filters/base/time.h"

namespace sluice::io {

// Of the gateway. A capture file has no sides: all its frames are `inside`.
enum class Side : std::uint8_t { inside, outside };
[[nodiscard]] constexpr Side other_side(Side side) noexcept {
  return side == Side::inside ? Side::outside : Side::inside;
}

// What the dataplane knows of a frame's transport checksum.
enum class ChecksumState : std::uint8_t {
  unknown,     // nothing: verify it
  verified,    // the NIC found it right
  unfinished,  // its sender left it to a NIC that has not seen it yet: do not verify it
};

struct Frame {
  Bytes bytes;  // valid until its batch is submitted
  LinkType link = LinkType::ethernet;
  Side side = Side::inside;  // where it came in
  ChecksumState checksum = ChecksumState::unknown;
  std::uint16_t gso_size = 0;     // payload of each segment that was merged; 0: an ordinary frame
  std::uint32_t wire_length = 0;  // as it was on the wire; over bytes.size(): the capture cut it
  std::uint64_t number = 0;       // 1 is the first frame of this dataplane
  Nanos time{0};                  // since the Unix epoch
};

struct Batch {
  static constexpr std::size_t kCapacity = 64;
  std::array<Frame, kCapacity> frames;
  std::size_t count = 0;
};

}  // namespace sluice::io
