#pragma once

// A host's IP layer: reassembles fragments as its stack does. It shares no code with the gateway's
// reassembler.

#include <cstdint>
#include <map>
#include <optional>

#include "tests/evasion/assembly.h"

namespace sluice::evasion {

class FragmentHost {
 public:
  explicit FragmentHost(Overlap overlap) : overlap_(overlap) {}

  // Returns a frame that is no fragment unchanged, and the whole packet for the fragment that
  // completes it.
  [[nodiscard]] std::optional<ByteVector> receive(const ByteVector& frame);

 private:
  struct Held {
    Assembly bytes;
    std::optional<std::size_t> total;
  };
  struct Fragment {
    ByteVector head;  // of the frame, as if the packet had come whole
    std::uint32_t id = 0;
    std::size_t offset = 0;
    bool more = false;
    Bytes bytes;
  };
  [[nodiscard]] static std::optional<Fragment> fragment_in(const ByteVector& frame);

  Overlap overlap_;
  std::map<std::uint32_t, Held> held_;
};

}  // namespace sluice::evasion
