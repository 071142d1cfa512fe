#include "filters/flow/server_stream.h"

#include <algorithm>

namespace sluice::flow {

void ServerStream::begin(std::optional<std::uint32_t> sequence) noexcept {
  if (is_read_) return;
  is_read_ = true;
  is_placed_ = sequence.has_value();
  first_sequence_ = sequence.value_or(0);
}

Placed ServerStream::place(const packet::Packet& packet) noexcept {
  if (!is_placed_) first_sequence_ = packet.tcp.sequence;
  is_placed_ = true;
  return flow::place(packet.payload, packet.tcp.sequence, {base(), sequence_at(base())});
}

std::size_t ServerStream::acknowledged(std::uint32_t acknowledgment) const noexcept {
  const std::uint32_t ahead = acknowledgment - sequence_at(base());
  return ahead < kBackwards ? std::min(ahead, judged_) : 0;
}

void ServerStream::forget(StreamPool& pool, std::size_t bytes) noexcept {
  stream_.consume(pool, bytes);
  judged_ -= static_cast<std::uint32_t>(bytes);
}

void ServerStream::release(StreamPool& pool) noexcept {
  stream_.release(pool);
  *this = {};
}

}  // namespace sluice::flow
