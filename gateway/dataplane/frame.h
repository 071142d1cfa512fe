#pragma once

// Frames as a dataplane hands them to a worker, a batch at a time.

#include <array>
#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/link_type.h"
#include "filters/base/time.h"

namespace sluice::io {

// Of the gateway. A capture file has no sides: its frames are all `inside`.
enum class Side : std::uint8_t { inside, outside };

struct Frame {
  Bytes bytes;  // valid until its batch is submitted
  LinkType link = LinkType::ethernet;
  Side side = Side::inside;       // where it came in
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
