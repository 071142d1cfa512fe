#pragma once

// What a server sends on one TCP connection, put in order from the point on from which it is read.
//
// Until begin() only the sequence number of its next byte is kept. From there on, offset 0 being
// that byte, its segments are put in order as a client's are. A server has no two copies of its
// bytes to choose between: what agrees() denies is for the caller to refuse, before insert().
//
//   offset 0         base              judged              contiguous
//     |     forgotten  |  whole messages  |  a part of one  |   gap   ###
//                      `- kept until the client has acknowledged them, or room is needed
//
// Memory: one slot of the StreamPool, while there are bytes to keep. No allocation, no exceptions.
// A handle of a few words, as ClientStream: release() before it goes.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/flow/client_stream.h"
#include "filters/flow/sequence.h"
#include "filters/packet/packet.h"

namespace sluice::flow {

class ServerStream {
 public:
  // Each packet of the server that goes by before begin().
  void note(const packet::Packet& packet) noexcept;
  // The next byte of the server is the first one that is read.
  void begin() noexcept { is_read_ = true; }
  [[nodiscard]] bool is_read() const noexcept { return is_read_; }
  // Nothing of it was judged yet.
  [[nodiscard]] bool at_start() const noexcept { return stream_.base() == 0 && judged_ == 0; }

  // Where a packet's payload lies; behind base(), if inside. On a connection whose start was not
  // seen, the first packet tells where offset 0 is. REQUIRES: is_read().
  [[nodiscard]] Placed place(const packet::Packet& packet) noexcept;
  // No byte differs from one that is kept. REQUIRES: offset >= base().
  [[nodiscard]] bool agrees(const StreamPool& pool, std::uint64_t offset,
                            Bytes bytes) const noexcept {
    return stream_.agrees(pool, offset, bytes);
  }
  // REQUIRES: agrees().
  [[nodiscard]] Insert insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
    return stream_.insert(pool, offset, bytes);
  }

  // How far it may reach from its base: less where no large slot is left.
  [[nodiscard]] std::size_t window(const StreamPool& pool) const noexcept {
    return stream_.window(pool);
  }
  // The bytes from base up to the first gap; valid until the next call that is not const.
  [[nodiscard]] Bytes view(const StreamPool& pool) const noexcept {
    return stream_.view(pool, Reading::first_copy);
  }
  [[nodiscard]] std::uint64_t base() const noexcept { return stream_.base(); }
  // ByteVector from base that are judged.
  [[nodiscard]] std::size_t judged() const noexcept { return judged_; }
  void set_judged(std::size_t bytes) noexcept { judged_ = static_cast<std::uint32_t>(bytes); }
  // Of these, how many the client acknowledges so.
  [[nodiscard]] std::size_t acknowledged(std::uint32_t acknowledgment) const noexcept;
  // The sequence number of the first byte that has not come by in order.
  [[nodiscard]] std::uint32_t next_sequence() const noexcept {
    return sequence_at(stream_.contiguous());
  }
  [[nodiscard]] bool holds_memory() const noexcept { return stream_.holds_memory(); }

  // Forgets bytes from base. REQUIRES: bytes <= judged().
  void forget(StreamPool& pool, std::size_t bytes) noexcept;
  // Gives the memory back and reads no more.
  void release(StreamPool& pool) noexcept;

 private:
  [[nodiscard]] std::uint32_t sequence_at(std::uint64_t offset) const noexcept {
    return first_sequence_ + static_cast<std::uint32_t>(offset);
  }

  ClientStream stream_;
  std::uint32_t first_sequence_ = 0;  // of offset 0
  std::uint32_t judged_ = 0;
  bool is_placed_ = false;  // first_sequence_ is known
  bool is_read_ = false;
};

}  // namespace sluice::flow
