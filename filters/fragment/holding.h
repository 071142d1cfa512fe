#pragma once

// Private to the reassembler: the bytes of one datagram, and which of them have arrived.

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>

#include "filters/base/time.h"
#include "filters/fragment/reassembler.h"

namespace sluice::fragment {

struct Reassembler::Holding {
  static constexpr std::size_t kMostLink = 64;
  static constexpr std::size_t kHeaders = kMostLink + 40;  // link and IP
  static constexpr std::size_t kBlock = 8;
  static constexpr std::size_t kMostPayload = 0xffff;

  Datagram* owner = nullptr;  // null: free
  std::uint32_t next = 0;     // in the list of free holdings
  bool collecting = false;
  std::optional<std::uint8_t> protocol;  // of the first fragment
  std::size_t total = 0;                 // 0: not known yet
  std::size_t end = 0;                   // of the last byte so far
  std::size_t blocks = 0;
  std::bitset<(kMostPayload + kBlock - 1) / kBlock> came;
  std::array<std::byte, kHeaders + kMostPayload> bytes;

  void clear() noexcept {
    protocol.reset();
    total = end = blocks = 0;
    came.reset();
  }
  [[nodiscard]] MutableBytes payload() noexcept { return MutableBytes(bytes).subspan(kHeaders); }

  // False: `fragment` contradicts what is held, so hosts may read something else.
  [[nodiscard]] bool agrees(const Fragment& fragment) noexcept {
    if (fragment.offset == 0 && protocol.value_or(fragment.protocol) != fragment.protocol) {
      return false;
    }
    const std::size_t new_total = fragment.more ? total : fragment.end();
    if (total != 0 && (new_total != total || fragment.end() > total)) return false;
    if (new_total != 0 && end > new_total) return false;
    for (std::size_t at = 0; at < fragment.data.size(); at += kBlock) {
      if (!came[(fragment.offset + at) / kBlock]) continue;
      const Bytes block = fragment.data.subspan(at, std::min(kBlock, fragment.data.size() - at));
      if (!std::ranges::equal(block, payload().subspan(fragment.offset + at, block.size()))) {
        return false;
      }
    }
    return true;
  }

  // REQUIRES: it agrees.
  void store(const Fragment& fragment) noexcept {
    if (fragment.offset == 0) protocol = fragment.protocol;
    if (!fragment.more) total = fragment.end();
    end = std::max(end, fragment.end());
    copy_bytes(fragment.data, payload().subspan(fragment.offset));
    for (std::size_t at = 0; at < fragment.data.size(); at += kBlock) {
      const std::size_t block = (fragment.offset + at) / kBlock;
      if (!came[block]) ++blocks;
      came.set(block);
    }
  }

  [[nodiscard]] bool is_whole() const noexcept {
    return total != 0 && blocks == (total + kBlock - 1) / kBlock;
  }
};

}  // namespace sluice::fragment
