// The client spoofs its server's address to show the gateway packets that the server never sent.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Shot from_server(std::string_view flags, std::int64_t acknowledges = 0) {
  return {.at = acknowledges, .flags = flags, .as_server = true};
}

Shot that_does_not_reach(const Payload& payload) {
  return {.payload = payload.decoy, .hops = kTooFewHops};
}

// A decoy that never arrives, and its acknowledgment.
Scripts acknowledgment(const Payload& payload) {
  const auto size = static_cast<std::int64_t>(payload.decoy.size());
  return {Script(payload.stream)
              .open()
              .add(that_does_not_reach(payload))
              .add(from_server("A", size))
              .whole(),
          Script(payload.stream)
              .open()
              .add(that_does_not_reach(payload))
              .add(from_server("A", size))
              .add(from_server("A", size + 500))
              .whole()};
}

// A spoofed SYN of the server makes the roles look swapped.
Scripts syn(const Payload& payload) {
  return {Script(payload.stream).add(from_server("S")).open().whole().only_server_tells(),
          Script(payload.stream).syn().add(from_server("S")).ack().whole(),
          Script(payload.stream).open().add(from_server("S")).whole()};
}

// A spoofed SYN-ACK answers another SYN than the server's real one.
Scripts syn_ack(const Payload& payload) {
  return {Script(payload.stream).syn().add(from_server("SA", 70'000)).ack().whole(),
          Script(payload.stream).add(from_server("SA", 70'000)).open().whole(),
          Script(payload.stream)
              .add(Shot{.at = 69'999, .flags = "S", .hops = kTooFewHops})
              .add(from_server("SA", 70'000))
              .open()
              .whole()
              .only_server_tells()};
}

Scripts end(const Payload& payload) {
  const std::size_t middle = payload.name_at + 4, size = payload.stream.size();
  return {
      Script(payload.stream).open().add(from_server("R")).whole(),
      Script(payload.stream).open().part(0, middle).add(from_server("RA", 0)).part(middle, size),
      Script(payload.stream).open().part(0, middle).add(from_server("FA", 0)).part(middle, size)};
}

// A reset, then a connection that is never established, then the first one goes on.
Scripts reset_and_syn(const Payload& payload) {
  const std::size_t middle = payload.name_at + 4, size = payload.stream.size();
  return {Script(payload.stream)
              .open()
              .part(0, middle)
              .add(from_server("R"))
              .add({.at = static_cast<std::int64_t>(middle) - 1, .flags = "S", .hops = kTooFewHops})
              .part(middle, size)};
}

}  // namespace

std::span<const Case> tcp_spoof_cases() {
  static const std::vector<Case> cases{
      {"spoofed_acknowledgment", "a decoy and its acknowledgment, by the client", kEveryKind,
       acknowledgment, Trait::breaks_evader},
      {"spoofed_syn", "a SYN of the server's, by the client", kEveryKind, syn},
      {"spoofed_syn_ack", "a SYN-ACK with another number, by the client", kEveryKind, syn_ack},
      {"spoofed_end", "a RST or FIN of the server's, by the client", kEveryKind, end},
      {"spoofed_reset_and_syn", "a RST of the server's and a SYN, by the client", kEveryKind,
       reset_and_syn},
  };
  return cases;
}

}  // namespace sluice::evasion
