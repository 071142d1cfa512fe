#pragma once

// Builds the packets of one conversation between a client and a server, and cuts streams into
// segments. Offsets count from the first byte of a stream.

#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/hostile/scenario.h"
#include "filters/base/bytes.h"

namespace sluice::bench {

// Endpoints of conversation `number`. The policy holds all clients.
[[nodiscard]] std::string client_of(std::size_t number);
[[nodiscard]] std::string server_of(std::size_t number, unsigned port);
// Ordinary packets use conversations from here on, and attacks use those below.
inline constexpr std::size_t kOrdinaryTalks = 10'000'000;

class Talk {
 public:
  explicit Talk(std::size_t number = 0, unsigned port = 443)
      : client_(client_of(number)), server_(server_of(number, port)) {}

  [[nodiscard]] Step syn(Bytes data = {}) const;
  [[nodiscard]] Step syn_ack() const;
  [[nodiscard]] Step data(std::size_t offset, Bytes bytes) const;
  // The server acknowledges the client's stream up to `offset`.
  [[nodiscard]] Step acknowledge(std::size_t offset) const;
  [[nodiscard]] Step answer(std::size_t server_offset, Bytes bytes, std::size_t acknowledged) const;
  // The client acknowledges the server's stream up to `server_offset`.
  [[nodiscard]] Step received(std::size_t offset, std::size_t server_offset) const;
  [[nodiscard]] Steps handshake() const { return {syn(), syn_ack()}; }
  // Datagrams of the client and of the server.
  [[nodiscard]] Step question(Bytes payload) const;
  [[nodiscard]] Step reply(Bytes payload) const;

 private:
  std::string client_, server_;
};

// A TCP packet over IPv4 with these options. REQUIRES: it has none; a multiple of 4 bytes, up
// to 40.
[[nodiscard]] Step with_options(const Step& step, Bytes options);

// The place of a segment in a stream.
struct Piece {
  std::size_t at = 0, size = 0;
};
[[nodiscard]] std::vector<Piece> pieces(std::size_t total, std::size_t size);
[[nodiscard]] std::vector<Piece> reversed(std::vector<Piece> pieces);
[[nodiscard]] Steps segments(const Talk& talk, Bytes stream, const std::vector<Piece>& pieces);

void add(Steps& to, Steps more);
// Moves the first packets of an attack to its opening, where all its packets are alike: the first
// one would pay for code and tables that are not in a cache.
void warm_up(Scenario& scenario);
// `size` bytes of `text`, repeated.
[[nodiscard]] test::ByteVector repeated(std::string_view text, std::size_t size);

inline constexpr std::size_t kMss = 1400;

}  // namespace sluice::bench
