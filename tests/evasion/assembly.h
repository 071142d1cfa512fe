#pragma once

// Assembles bytes by their offsets, as a stack does that prefers one copy to the other.

#include <cstdint>
#include <map>

#include "tests/evasion/model_server.h"

namespace sluice::evasion {

class Assembly {
 public:
  explicit Assembly(Overlap overlap) : overlap_(overlap) {}

  void put(std::uint64_t begin, Bytes bytes) {
    const std::uint64_t end = begin + bytes.size();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const auto [place, is_new] = bytes_.try_emplace(begin + i, Byte{bytes[i], begin, end});
      const Byte& old = place->second;
      if (!is_new && newer_wins(overlap_, begin, end, old.begin, old.end)) {
        place->second = {bytes[i], begin, end};
      }
    }
  }
  // From the start to the first gap.
  [[nodiscard]] ByteVector start() const {
    ByteVector bytes;
    for (const auto& [at, byte] : bytes_) {
      if (at != bytes.size()) break;
      bytes.push_back(byte.value);
    }
    return bytes;
  }

 private:
  struct Byte {
    std::byte value;
    std::uint64_t begin, end;  // of what brought it
  };

  Overlap overlap_;
  std::map<std::uint64_t, Byte> bytes_;
};

}  // namespace sluice::evasion
