#pragma once

// Waits for the ServerHello of one TCP connection, from its client's ClientHello on.
//
//   ClientHello ─► on ──ServerHello────────► over: nothing plain names a server any more
//                  │ ▲ └─HelloRetryRequest─► expects_hello ──ClientHello──► on
//                  │ └─ClientHello
//                  └─no TLS─► off
//
// Reads what comes in order and nothing twice: the first segment behind a hello holds all that is
// looked at. If a server's words cannot be placed, the connection just stays under inspection. A
// few words, by value; no allocation.

#include <cstdint>
#include <optional>
#include <utility>

#include "filters/flow/sequence.h"
#include "filters/packet/packet.h"
#include "filters/tls/server_hello.h"

namespace sluice::engine {

class ServerHelloWatch {
 public:
  // A ClientHello was judged. `server_next`: the sequence number behind all that the server has
  // sent, if that is known.
  void on_client_hello(std::optional<std::uint32_t> server_next) noexcept {
    if (std::exchange(expects_hello_, false)) return;  // goes on where it is
    *this = {};
    is_on_ = true;
    is_placed_ = server_next.has_value();
    next_ = server_next.value_or(0);
  }

  // A packet of the server. True: it says ServerHello.
  [[nodiscard]] bool read(const packet::Packet& packet) noexcept {
    if (!is_on_ || packet.payload.empty()) return false;
    if (!std::exchange(is_placed_, true)) next_ = packet.tcp.sequence;
    const flow::Placed placed = flow::place(packet.payload, packet.tcp.sequence, {0, next_});
    if (placed.kind != flow::Placed::Kind::inside || placed.offset > 0) return false;
    next_ += static_cast<std::uint32_t>(placed.bytes.size());
    for (Bytes bytes = placed.bytes; is_on_ && !bytes.empty();) {
      const tls::ServerWord word = scan_.read(bytes);
      if (word == tls::ServerWord::retry) expects_hello_ = true;
      is_on_ = word == tls::ServerWord::none || word == tls::ServerWord::retry;
      if (word == tls::ServerWord::hello) return true;
    }
    return false;
  }

  // It said HelloRetryRequest, and no hello has come since.
  [[nodiscard]] bool expects_hello() const noexcept { return expects_hello_; }

 private:
  tls::ServerHelloScan scan_;
  std::uint32_t next_ = 0;  // sequence number of the next byte to read
  bool is_on_ = false;
  bool is_placed_ = false;  // next_ is known
  bool expects_hello_ = false;
};

}  // namespace sluice::engine
