#pragma once

// How much one worker may keep, and how much memory each stream of a client gets.

#include <algorithm>
#include <cstddef>

#include "filters/base/time.h"
#include "filters/flow/stream_pool.h"
#include "filters/fragment/reassembler.h"
#include "filters/tls/record.h"
#include "gateway/engine/datagram_hello.h"
#include "gateway/engine/lease_table.h"

namespace sluice::engine {

struct JudgeLimits {
  std::size_t flows = 65536;
  std::size_t streams = 2048;
  Nanos idle_timeout = std::chrono::seconds(300);
  LeaseLimits leases = {};
  std::size_t questions = 8192;  // DNS questions that wait for their answers
  // Five-tuples of datagrams (QUIC, DTLS) whose name was let through: what follows on them shows no
  // name.
  std::size_t named_datagrams = 8192;
  fragment::ReassemblerLimits fragments = {};  // the worker's, which hands whole packets on
  HelloLimits hellos = {};                     // QUIC and DTLS
};

// Bytes of a client, or a DNS server, that are kept while they are judged: ordinary messages, and
// the few that are longer. One long slot is set aside for sixteen ordinary ones.
inline constexpr std::size_t kOrdinaryCapacity = 20 * 1024;
inline constexpr std::size_t kStreamCapacity = tls::kMaxHelloStream;
[[nodiscard]] constexpr flow::SlotClass stream_slots(std::size_t streams) noexcept {
  return {streams, kOrdinaryCapacity};
}
[[nodiscard]] constexpr flow::SlotClass long_stream_slots(std::size_t streams) noexcept {
  return {std::max<std::size_t>(streams / 16, 2), kStreamCapacity};
}

}  // namespace sluice::engine
