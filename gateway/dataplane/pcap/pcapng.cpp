#include "gateway/dataplane/pcap/pcapng.h"

#include <algorithm>
#include <bit>

#include "filters/base/byte_reader.h"

namespace sluice::io {
namespace {

enum BlockType : std::uint32_t {
  kInterface = 1,
  kPacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
  kSectionHeader = 0x0a0d0d0a,
};
enum Option : std::uint8_t { kEnd = 0, kTimeResolution = 9, kTimeOffset = 14 };

constexpr std::uint32_t kMagic = 0x1a2b3c4d;
constexpr std::uint32_t kMagicSwapped = 0x4d3c2b1a;
constexpr std::size_t kShortest = 12;

// Of a resolution option. 0: more than 64 bits can count.
std::uint64_t ticks_a_second(std::uint8_t resolution) noexcept {
  const unsigned power = resolution & 0x7fU;
  if ((resolution & 0x80) != 0) return power < 64 ? std::uint64_t{1} << power : 0;
  if (power > 19) return 0;
  std::uint64_t ticks = 1;
  for (unsigned i = 0; i < power; ++i) ticks *= 10;
  return ticks;
}

Nanos time_of(std::uint64_t ticks, std::uint64_t a_second, std::int64_t offset) noexcept {
  constexpr std::int64_t kMostSeconds = 9'000'000'000;  // as many as 64 bits of nanoseconds hold
  constexpr long double kNanos = 1e9L;
  const auto whole = static_cast<std::int64_t>(
      std::min<std::uint64_t>(ticks / a_second, static_cast<std::uint64_t>(kMostSeconds)));
  const std::int64_t seconds = std::clamp(whole + std::clamp(offset, -kMostSeconds, kMostSeconds),
                                          -kMostSeconds, kMostSeconds);
  const auto part = static_cast<long double>(ticks % a_second);
  return std::chrono::seconds(seconds) +
         Nanos(static_cast<std::int64_t>(part * kNanos / static_cast<long double>(a_second)));
}

}  // namespace

// Reads in the byte order of the section.
class PcapngBlocks::Reader {
 public:
  Reader(Bytes input, bool little_endian) noexcept : reader_(input), swap_(little_endian) {}

  std::uint16_t u16() noexcept { return swap_ ? std::byteswap(reader_.u16()) : reader_.u16(); }
  std::uint32_t u32() noexcept { return swap_ ? std::byteswap(reader_.u32()) : reader_.u32(); }
  std::uint64_t u64() noexcept {
    const std::uint64_t first = u32();
    const std::uint64_t second = u32();
    return swap_ ? second << 32 | first : first << 32 | second;
  }
  std::uint8_t u8() noexcept { return reader_.u8(); }
  Bytes take(std::size_t count) noexcept { return reader_.take(count); }
  void skip(std::size_t count) noexcept { reader_.skip(count); }
  [[nodiscard]] std::size_t remaining() const noexcept { return reader_.remaining(); }
  [[nodiscard]] bool ok() const noexcept { return reader_.ok(); }
  [[nodiscard]] Reader part(std::size_t count) noexcept { return {reader_.take(count), swap_}; }

 private:
  ByteReader reader_;
  bool swap_;
};

bool PcapngBlocks::is_section_header(Bytes start) noexcept {
  return ByteReader(start).u32() == kSectionHeader;  // the same in both byte orders
}

Result<std::size_t, std::string_view> PcapngBlocks::length_of(Bytes start) const noexcept {
  bool little_endian = little_endian_;
  if (is_section_header(start)) {
    ByteReader magic(start);
    magic.skip(8);
    const std::uint32_t order = magic.u32();
    if (order != kMagic && order != kMagicSwapped) return fail("a section has no valid byte order");
    little_endian = order == kMagicSwapped;
  }
  Reader reader(start, little_endian);
  reader.skip(4);
  const std::size_t length = reader.u32();
  if (length < kShortest || length % 4 != 0) return fail("a block has an invalid length");
  if (length > kMostBlock) return fail("a block is larger than 16 MiB");
  return length;
}

Result<std::optional<Record>, std::string_view> PcapngBlocks::take(Bytes block) {
  if (is_section_header(block)) {
    ByteReader magic(block);
    magic.skip(8);
    little_endian_ = magic.u32() == kMagicSwapped;
    interfaces_.clear();
  }
  Reader reader(block, little_endian_);
  const std::uint32_t type = reader.u32();
  const std::size_t length = reader.u32();
  Reader body = reader.part(block.size() - kShortest);
  if (!reader.ok() || length != block.size() || reader.u32() != length) {
    return fail("the two lengths of a block differ");
  }
  std::string_view problem;
  switch (type) {
    case kSectionHeader:
      problem = take_section(body);
      break;
    case kInterface:
      problem = take_interface(body);
      break;
    case kPacket:
    case kEnhancedPacket:
      return take_packet(body, type == kPacket);
    case kSimplePacket:
      return take_simple_packet(body);
    default:
      break;
  }
  if (!problem.empty()) return fail(problem);
  return std::nullopt;
}

std::string_view PcapngBlocks::take_section(Reader& reader) noexcept {
  reader.skip(4);
  const std::uint16_t major = reader.u16();
  reader.skip(10);
  if (!reader.ok()) return "a section header is cut short";
  return major == 1 ? "" : "a section has an unknown version";
}

std::string_view PcapngBlocks::take_interface(Reader& reader) {
  if (interfaces_.size() == kMostInterfaces) return "too many interfaces";
  Interface interface;
  interface.link = static_cast<LinkType>(reader.u16());
  reader.skip(2);
  interface.snapshot = reader.u32();
  if (!reader.ok()) return "an interface block is cut short";
  while (reader.remaining() >= 4) {
    const std::uint16_t option = reader.u16();
    const std::size_t length = reader.u16();
    if (option == kEnd) break;
    Reader value = reader.part(length);
    reader.skip((4 - length % 4) % 4);
    if (!reader.ok()) return "the options of an interface are cut short";
    if (option == kTimeResolution) interface.ticks_a_second = ticks_a_second(value.u8());
    if (option == kTimeOffset) interface.offset = static_cast<std::int64_t>(value.u64());
    if (!value.ok() || interface.ticks_a_second == 0)
      return "an interface has an invalid time resolution or offset";
  }
  interfaces_.push_back(interface);
  return "";
}

Result<std::optional<Record>, std::string_view> PcapngBlocks::take_packet(Reader& reader,
                                                                          bool is_old) {
  const std::size_t id = is_old ? reader.u16() : reader.u32();
  if (is_old) reader.skip(2);
  const std::uint64_t high = reader.u32();
  const std::uint64_t ticks = high << 32 | reader.u32();
  const std::size_t kept = reader.u32();
  Record record;
  record.wire_length = reader.u32();
  record.bytes = reader.take(kept);
  if (!reader.ok()) return fail("a packet is longer than its block");
  if (id >= interfaces_.size())
    return fail("a packet names an interface that the file does not describe");
  const Interface& interface = interfaces_[id];
  record.link = interface.link;
  record.time = newest_ = time_of(ticks, interface.ticks_a_second, interface.offset);
  return record;
}

Result<std::optional<Record>, std::string_view> PcapngBlocks::take_simple_packet(Reader& reader) {
  if (interfaces_.empty())
    return fail("a packet names an interface that the file does not describe");
  Record record;
  record.wire_length = reader.u32();
  std::size_t kept = record.wire_length;
  if (interfaces_[0].snapshot != 0) kept = std::min<std::size_t>(kept, interfaces_[0].snapshot);
  record.bytes = reader.take(kept);
  if (!reader.ok()) return fail("a packet is longer than its block");
  record.link = interfaces_[0].link;
  record.time = newest_;
  return record;
}

}  // namespace sluice::io
