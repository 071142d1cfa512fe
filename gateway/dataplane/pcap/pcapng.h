#pragma once

// pcapng blocks (draft-ietf-opsawg-pcapng). libpcap refuses files whose interfaces differ in link
// type or snapshot length, so we read pcapng ourselves.
//
//   block           | type 4 | length 4 | body, padded to 4 bytes | length 4 |
//   section header  | 0x1a2b3c4d 4 | version 2 2 | length 8 | options |     sets the byte order
//   interface       | link type 2 | 0 2 | snapshot length 4 | options |     numbered from 0
//   enhanced packet | interface 4 | time 4 4 | kept 4 | was 4 | bytes | options |
//   simple packet   | was 4 | bytes |                                      of interface 0
//   packet          | interface 2 | lost 2 | time 4 4 | kept 4 | was 4 | bytes | options |
//
// Input: whole blocks, in the order of the file. Output: packets, as views into their block, with
// the link type of their own interface. Other blocks are skipped. A malformed block is an error
// with its reason. Keeps the list of interfaces, which is bounded, and nothing else.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/pcap/capture_reader.h"

namespace sluice::io {

class PcapngBlocks {
 public:
  static constexpr std::size_t kHeader = 12;  // bytes that length_of() needs
  static constexpr std::size_t kMostBlock = 16 * 1024 * 1024;
  static constexpr std::size_t kMostInterfaces = 65536;

  [[nodiscard]] static bool is_section_header(Bytes start) noexcept;

  // Bytes of the block that starts with these. REQUIRES: kHeader bytes.
  [[nodiscard]] Result<std::size_t, std::string_view> length_of(Bytes start) const noexcept;
  // The packet that one block holds, if it holds one. REQUIRES: length_of() bytes.
  [[nodiscard]] Result<std::optional<Record>, std::string_view> take(Bytes block);

 private:
  struct Interface {
    LinkType link = LinkType::ethernet;
    std::uint32_t snapshot = 0;  // bytes; 0: no limit
    std::uint64_t ticks_a_second = 1'000'000;
    std::int64_t offset = 0;  // seconds
  };
  class Reader;

  std::string_view take_section(Reader& reader) noexcept;
  std::string_view take_interface(Reader& reader);
  Result<std::optional<Record>, std::string_view> take_packet(Reader& reader, bool is_old);
  Result<std::optional<Record>, std::string_view> take_simple_packet(Reader& reader);

  bool little_endian_ = false;
  std::vector<Interface> interfaces_;
  Nanos newest_{0};  // a simple packet has no time of its own, so it gets that of the one before
};

}  // namespace sluice::io
