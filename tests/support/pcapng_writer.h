#pragma once

// pcapng blocks for tests, in either byte order.

#include "filters/base/link_type.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

class PcapngWriter {
 public:
  explicit PcapngWriter(bool little_endian = true) : little_endian_(little_endian) {}

  PcapngWriter& section() {
    return block(0x0a0d0d0a, join(u32(0x1a2b3c4d), u16(1), u16(0), u64(~std::uint64_t{0})));
  }
  PcapngWriter& interface(LinkType link, std::uint32_t snapshot = 0,
                          const ByteVector& options = {}) {
    return block(1, join(u16(static_cast<std::uint16_t>(link)), u16(0), u32(snapshot), options));
  }
  PcapngWriter& enhanced(std::uint32_t interface, std::uint64_t ticks, std::string_view bytes) {
    return block(6, join(u32(interface), time(ticks), sizes(bytes), filled(bytes)));
  }
  PcapngWriter& simple(std::string_view bytes, std::uint32_t wire_length) {
    return block(3, join(u32(wire_length), filled(bytes)));
  }
  PcapngWriter& old(std::uint16_t interface, std::uint64_t ticks, std::string_view bytes) {
    return block(2, join(u16(interface), u16(0), time(ticks), sizes(bytes), filled(bytes)));
  }
  PcapngWriter& block(std::uint32_t type, const ByteVector& body) {
    const auto length = static_cast<std::uint32_t>(body.size() + 12);
    append(file_, join(u32(type), u32(length), body, u32(length)));
    return *this;
  }
  // An option of an interface: number, value, filled up.
  [[nodiscard]] ByteVector option(std::uint16_t number, const ByteVector& value) const {
    return join(u16(number), u16(static_cast<std::uint16_t>(value.size())), filled(as_text(value)));
  }
  [[nodiscard]] ByteVector u16(std::uint16_t value) const { return number(value, 2); }
  [[nodiscard]] ByteVector u32(std::uint32_t value) const { return number(value, 4); }
  [[nodiscard]] ByteVector u64(std::uint64_t value) const { return number(value, 8); }
  [[nodiscard]] const ByteVector& file() const { return file_; }

 private:
  template <typename... Parts>
  [[nodiscard]] static ByteVector join(const Parts&... parts) {
    ByteVector joined;
    (append(joined, parts), ...);
    return joined;
  }
  [[nodiscard]] ByteVector number(std::uint64_t value, unsigned width) const {
    ByteVector bytes;
    for (unsigned i = 0; i < width; ++i) {
      const unsigned shift = 8 * (little_endian_ ? i : width - 1 - i);
      append_u8(bytes, static_cast<unsigned>(value >> shift & 0xff));
    }
    return bytes;
  }
  [[nodiscard]] ByteVector time(std::uint64_t ticks) const {
    return join(u32(static_cast<std::uint32_t>(ticks >> 32)),
                u32(static_cast<std::uint32_t>(ticks)));
  }
  [[nodiscard]] ByteVector sizes(std::string_view bytes) const {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return join(u32(size), u32(size));
  }
  [[nodiscard]] static ByteVector filled(std::string_view bytes) {
    ByteVector result = byte_vector(bytes);
    result.resize((result.size() + 3) / 4 * 4);
    return result;
  }

  bool little_endian_;
  ByteVector file_;
};

}  // namespace sluice::test
