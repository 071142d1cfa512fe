#pragma once

// Whether the first bytes of a stream belong to a protocol. `no` and `yes` are final; `maybe` needs
// more bytes.

#include <cstddef>
#include <cstdint>

namespace sluice {

enum class Detection : std::uint8_t { no, maybe, yes };

// One look at a stream that is still coming.
struct Look {
  Detection is = Detection::no;
  std::size_t needed = 0;    // maybe: a shorter stream gives the same answer
  std::size_t examined = 0;  // bytes that this look read
};

}  // namespace sluice
