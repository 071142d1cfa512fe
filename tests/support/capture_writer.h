#pragma once

// Writes captures for tests: classic pcap, nanoseconds, little-endian on every machine.

#include <filesystem>
#include <span>

#include "filters/base/link_type.h"
#include "filters/base/time.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

struct TimedFrame {
  Nanos time{};  // since the epoch
  ByteVector bytes;
  std::size_t wire_size = 0;  // 0: as many as there are
};

// Throws std::runtime_error if the file cannot be written.
void write_pcap(const std::filesystem::path& path, std::span<const TimedFrame> frames,
                LinkType link = LinkType::ethernet);

}  // namespace sluice::test
