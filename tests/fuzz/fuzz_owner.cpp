// Any frame on any link, which the first byte chooses as in fuzz_packet_decode.cpp: it has an owner
// among the workers, and the same one if its addresses are exchanged.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/flow/owner.h"
#include "filters/packet/packet.h"
#include "tests/fuzz/links.h"
#include "tests/fuzz/require.h"

namespace sluice::flow {
namespace {

using fuzz::kLinks;
constexpr std::size_t kWorkers = 7;
constexpr HashKey kSecret{1, 2};

void check(Bytes frame, LinkType link) {
  const std::size_t owner = owner_of_frame(frame, link, kWorkers, kSecret);
  fuzz::require(owner < kWorkers);
  const auto packet = packet::decode(frame, link);
  if (!packet) return;
  const std::size_t size = packet->source.wire().size();
  std::vector<std::byte> back(frame.begin(), frame.end());
  const std::span ip = std::span(back).subspan(packet->network_offset);
  const std::span source = ip.subspan(size == 4 ? 12 : 8, size);
  std::ranges::swap_ranges(source, ip.subspan(size == 4 ? 16 : 24, size));
  fuzz::require(owner_of_frame(back, link, kWorkers, kSecret) == owner);
}

}  // namespace
}  // namespace sluice::flow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::flow::kLinks;
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  sluice::flow::check(bytes.subspan(1), kLinks.at(data[0] % 128 % kLinks.size()));
  return 0;
}
