// Any fragments of two datagrams, in any order: the reassembler never makes a whole of bytes that
// did not come, agrees with a naive one that keeps every byte, and holds no more than its bounds.
//
// Input: for each fragment | which datagram, version, more 1 | offset in blocks 1 | bytes 1 | fill
// 1 |

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "filters/base/byte_reader.h"
#include "filters/base/byte_writer.h"
#include "filters/fragment/reassembler.h"
#include "tests/fuzz/require.h"

namespace sluice::fragment {
namespace {

using fuzz::lies_in;
using fuzz::require;

struct Step {
  bool v4, more, second;
  std::uint16_t offset;
  std::uint8_t size, fill;
};

// The bytes of one datagram as they came; none where a naive host could not tell.
struct Naive {
  std::map<std::size_t, std::uint8_t> bytes;
  std::size_t total = 0;
  bool settled = false;
  bool odd = false;

  // False: it differs from what came before.
  bool add(const Step& step) {
    const std::size_t end = step.offset + step.size;
    if (!step.more && total != 0 && total != end) return false;
    const std::size_t most = !step.more ? end : total;
    for (std::size_t at = step.offset; at < end; ++at) {
      const auto known = bytes.find(at);
      if (known != bytes.end() && known->second != step.fill) return false;
    }
    if (most != 0 && (end > most || (!bytes.empty() && bytes.rbegin()->first >= most))) {
      return false;
    }
    for (std::size_t at = step.offset; at < end; ++at) bytes[at] = step.fill;
    total = most;
    return true;
  }
  [[nodiscard]] bool is_whole() const { return total != 0 && bytes.size() == total; }
};

std::vector<std::byte> frame_of(const Step& step) {
  std::vector<std::byte> frame(128 + step.size);
  ByteWriter writer(frame);
  constexpr std::uint8_t kExperiment = 253;
  const std::uint16_t id = step.second ? 2 : 1;
  if (step.v4) {
    writer.u16(0x4500);
    writer.u16(static_cast<std::uint16_t>(20 + step.size));
    writer.u16(id);
    writer.u16(static_cast<std::uint16_t>(step.offset / 8 | (step.more ? 0x2000 : 0)));
    writer.u8(64);
    writer.u8(kExperiment);
    writer.u16(0);
    writer.u32(0xc0000201);
    writer.u32(0xc6336402);
  } else {
    writer.u32(0x60000000);
    writer.u16(static_cast<std::uint16_t>(8 + step.size));
    writer.u16(44 << 8 | 64);
    for (int i = 0; i < 8; ++i) writer.u32(0x20010db8);
    writer.u16(kExperiment << 8);
    writer.u16(static_cast<std::uint16_t>(step.offset | (step.more ? 1 : 0)));
    writer.u32(id);
  }
  for (int i = 0; i < step.size; ++i) writer.u8(step.fill);
  frame.resize(writer.position());
  return frame;
}

void check_whole(const Reassembler& reassembler, const Naive& naive) {
  const auto whole = reassembler.whole({});
  require(whole.has_value() && !whole->is_fragment && whole->reassembled);
  require(lies_in(whole->segment, whole->frame) && checksums_hold(*whole));
  require(whole->segment.size() == naive.total);
  for (const auto& [at, fill] : naive.bytes) {
    require(std::to_integer<std::uint8_t>(whole->segment[at]) == fill);
  }
}

void check_step(Reassembler& reassembler, Naive& naive, const Step& step) {
  const auto frame = frame_of(step);
  const auto packet = packet::decode(frame, LinkType::raw);
  require(packet && packet->is_fragment);
  const Outcome outcome = reassembler.take(*packet, Nanos{0}, false);
  if (step.size == 0 || (step.more && step.size % 8 != 0)) {
    require(outcome == Outcome::malformed);
    return;
  }
  if (naive.odd) {
    require(outcome == Outcome::refused);
  } else if (!naive.add(step)) {
    require(outcome == Outcome::conflicting);
    naive.odd = true;
  } else if (!naive.settled && naive.is_whole()) {
    require(outcome == Outcome::whole);
    check_whole(reassembler, naive);
    reassembler.settle(true);
    naive.settled = true;
  } else {
    require(outcome == Outcome::incomplete);
  }
  require(reassembler.collecting() <= 4);
}

void check(Bytes input) {
  Reassembler reassembler({.datagrams = 16}, {1, 2});
  std::array<Naive, 4> naive;
  ByteReader reader(input);
  while (reader.remaining() >= 4) {
    const std::uint8_t flags = reader.u8();
    Step step{};
    step.more = (flags & 1) != 0;
    step.second = (flags & 2) != 0;
    step.v4 = (flags & 4) != 0;
    step.offset = static_cast<std::uint16_t>(reader.u8() * 8);
    step.size = reader.u8();
    step.fill = reader.u8();
    if (!step.more && step.offset == 0) continue;  // no fragment
    check_step(reassembler, naive[(flags & 6) / 2], step);
  }
}

}  // namespace
}  // namespace sluice::fragment

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fragment::check(std::as_bytes(std::span(data, size)));
  return 0;
}
