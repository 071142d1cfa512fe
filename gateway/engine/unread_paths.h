#pragma once

// Between whom packets went of late in an encapsulation that is not read (Packet::is_unread).
//
// Such a path often carries both: IPComp leaves short packets as they are (RFC 3173), PPP
// compresses some. So a server may acknowledge bytes there that came by unread, and that is no
// fault of their flow. A path is the pair of the outermost IP addresses, or of Ethernet addresses
// where a tunnel begins below IP. What an entry gains a client is little: it must send what it
// hides unread, and then may hide all.
//
// A fixed number of entries, the oldest of a few places goes. One worker owns one. No allocation
// after construction.

#include <cstdint>
#include <memory>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/link_type.h"
#include "filters/base/time.h"

namespace sluice::engine {

class UnreadPaths {
 public:
  static constexpr Nanos kLife = std::chrono::minutes(10);

  explicit UnreadPaths(HashKey key);

  void note(Bytes frame, LinkType link, Nanos now) noexcept;
  // Whether one was noted that this frame belongs to, in either direction.
  [[nodiscard]] bool has(Bytes frame, LinkType link, Nanos now) const noexcept;
  [[nodiscard]] static std::size_t memory_bytes() noexcept;

 private:
  struct Entry {
    std::uint64_t path = 0;  // 0: none
    Nanos seen{0};
  };
  static constexpr std::size_t kSets = 512, kWays = 4;

  [[nodiscard]] std::uint64_t path_of(Bytes frame, LinkType link) const noexcept;
  [[nodiscard]] Entry* set_of(std::uint64_t path) const noexcept {
    return entries_.get() + path % kSets * kWays;
  }

  HashKey key_;
  std::unique_ptr<Entry[]> entries_;
};

}  // namespace sluice::engine
