#pragma once

// What a server sends on one TCP connection, put in order from begin() on.
//
//   offset 0         base              judged              contiguous
//     |     forgotten  |  whole messages  |  a part of one  |   gap   ###
//                      `- kept until the client has acknowledged them, or room is needed
//
// Memory: one slot of the StreamPool, while there are bytes to keep. No allocation, no exceptions.
// A handle of a few words, as StreamBuffer: release() before it goes.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/flow/sequence.h"
#include "filters/flow/stream_buffer.h"
#include "filters/packet/packet.h"

namespace sluice::flow {

class ServerStream {
 public:
  // Reads from the byte with this sequence number on; none: from the next packet's first byte on.
  // Does nothing where it is read already.
  void begin(std::optional<std::uint32_t> sequence) noexcept;
  [[nodiscard]] bool is_read() const noexcept { return is_read_; }
  // Nothing of it was judged yet.
  [[nodiscard]] bool at_start() const noexcept { return stream_.base() == 0 && judged_ == 0; }

  // Where a packet's payload lies; behind base(), if inside. REQUIRES: is_read().
  [[nodiscard]] Placed place(const packet::Packet& packet) noexcept;
  // No byte differs from one that is kept.
  [[nodiscard]] bool agrees(const StreamPool& pool, std::uint64_t offset,
                            Bytes bytes) const noexcept {
    return stream_.agrees(pool, offset, bytes);
  }
  // REQUIRES: agrees().
  [[nodiscard]] Insert insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
    return stream_.insert(pool, offset, bytes);
  }

  // How far it may reach from its base. Less while no large slot is free.
  [[nodiscard]] std::size_t window(const StreamPool& pool) const noexcept {
    return stream_.window(pool);
  }
  [[nodiscard]] bool lacks_large(const StreamPool& pool, std::uint64_t offset) const noexcept {
    return stream_.lacks_large(pool, offset);
  }
  // The bytes from base up to the first gap; valid until the next call that is not const.
  [[nodiscard]] Bytes view(const StreamPool& pool) const noexcept { return stream_.view(pool); }
  // The same to be changed: what is kept is what may pass.
  [[nodiscard]] MutableBytes kept(StreamPool& pool) noexcept { return stream_.kept(pool); }
  // Copies each kept byte over the one of `bytes` that lies at its place.
  void overwrite(const StreamPool& pool, std::uint64_t offset, MutableBytes bytes) const noexcept {
    stream_.overwrite(pool, offset, bytes);
  }
  [[nodiscard]] std::uint64_t base() const noexcept { return stream_.base(); }
  // How many bytes from base on are judged.
  [[nodiscard]] std::size_t judged() const noexcept { return judged_; }
  void set_judged(std::size_t bytes) noexcept { judged_ = static_cast<std::uint32_t>(bytes); }
  // How many of these the client acknowledges with this number.
  [[nodiscard]] std::size_t acknowledged(std::uint32_t acknowledgment) const noexcept;
  // The sequence number of the first byte that has not come by in order.
  [[nodiscard]] std::uint32_t next_sequence() const noexcept {
    return sequence_at(stream_.contiguous());
  }
  // Of the first byte that is not judged.
  [[nodiscard]] std::uint32_t sequence_of_judged() const noexcept {
    return sequence_at(stream_.base() + judged_);
  }
  [[nodiscard]] bool holds_memory() const noexcept { return stream_.holds_memory(); }
  [[nodiscard]] bool holds_large(const StreamPool& pool) const noexcept {
    return stream_.holds_large(pool);
  }

  // Forgets bytes from base on. REQUIRES: bytes <= judged().
  void forget(StreamPool& pool, std::size_t bytes) noexcept;
  // Gives the memory back and reads no more.
  void release(StreamPool& pool) noexcept;

 private:
  [[nodiscard]] std::uint32_t sequence_at(std::uint64_t offset) const noexcept {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }

  StreamBuffer stream_;
  std::uint32_t first_sequence_ = 0;  // of offset 0
  std::uint32_t judged_ = 0;
  bool is_placed_ = false;  // first_sequence_ is known
  bool is_read_ = false;
};

}  // namespace sluice::flow
