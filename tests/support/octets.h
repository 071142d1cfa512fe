#pragma once

// Octets that a test puts together: an owning, growing counterpart of ByteReader. Big-endian.

#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::test {

using Octets = std::vector<std::byte>;

[[nodiscard]] inline Octets octets(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}
[[nodiscard]] inline Octets octets(std::string_view text) {
  return octets(as_bytes(text));
}

class OctetWriter {
 public:
  OctetWriter& u8(std::uint64_t value) { return number(value, 1); }
  OctetWriter& u16(std::uint64_t value) { return number(value, 2); }
  OctetWriter& u24(std::uint64_t value) { return number(value, 3); }
  OctetWriter& u32(std::uint64_t value) { return number(value, 4); }
  OctetWriter& bytes(Bytes input) {
    octets_.insert(octets_.end(), input.begin(), input.end());
    return *this;
  }
  OctetWriter& text(std::string_view input) { return bytes(as_bytes(input)); }
  OctetWriter& fill(std::size_t count, unsigned char value = 0) {
    octets_.insert(octets_.end(), count, std::byte{value});
    return *this;
  }
  // `input` behind its own length, which takes `width` octets.
  OctetWriter& counted(std::size_t width, Bytes input) {
    return number(input.size(), width).bytes(input);
  }

  [[nodiscard]] std::size_t size() const { return octets_.size(); }
  [[nodiscard]] const Octets& view() const { return octets_; }
  [[nodiscard]] Octets take() { return std::move(octets_); }

 private:
  OctetWriter& number(std::uint64_t value, std::size_t width) {
    while (width-- > 0) octets_.push_back(static_cast<std::byte>(value >> (8 * width) & 0xff));
    return *this;
  }

  Octets octets_;
};

}  // namespace sluice::test
