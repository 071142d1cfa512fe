// Evasions with the handshake, with swapped roles, and with reused ports.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Scripts fast_open(const Payload& payload) {
  Scripts scripts;
  for (const std::size_t in_syn : {payload.name_at, payload.name_at + 5, payload.stream.size()}) {
    for (const bool accepted : {true, false}) {
      Script script(payload.stream);
      script.what = accepted ? "accepted" : "not accepted";
      script.fast_open = accepted;
      const auto data = Bytes(script.stream).first(in_syn);
      script.add({.at = -1, .flags = "S", .payload = {data.begin(), data.end()}}).ack();
      if (accepted) {
        script.part(in_syn, script.stream.size());
      } else {
        script.whole();
      }
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

// The SYN carries a decoy that the server does not accept; the stream follows at its offset.
Scripts decoy_in_syn(const Payload& payload) {
  const auto decoyed = [&](std::size_t size) {
    Script script(payload.stream);
    script.add(
        {.at = -1,
         .flags = "S",
         .payload = {payload.decoy.begin(), payload.decoy.begin() + static_cast<long>(size)}});
    return script.ack().whole();
  };
  return {decoyed(payload.decoy.size()), decoyed(payload.name_end)};
}

Scripts syn_low_hops(const Payload& payload) {
  const auto decoy = [](std::int64_t at) {
    return Shot{.at = at, .flags = "S", .hops = kTooFewHops};
  };
  return {Script(payload.stream).add(decoy(70'000)).open().whole().only_server_tells(),
          Script(payload.stream).syn().add(decoy(-70'000)).ack().whole(),
          Script(payload.stream).open().add(decoy(70'000)).whole(),
          Script(payload.stream)
              .open()
              .part(0, payload.name_at + 4)
              .add(decoy(900))
              .part(payload.name_at + 4, payload.stream.size())};
}

Scripts syn_ack_from_client(const Payload& payload) {
  const auto turned = [](std::int64_t at, std::uint8_t hops) {
    return Shot{.at = at, .flags = "SA", .hops = hops};
  };
  return {Script(payload.stream).add(turned(-1, kEnoughHops)).open().whole(),
          Script(payload.stream).add(turned(-1, kTooFewHops)).open().whole(),
          Script(payload.stream).add(turned(7000, kTooFewHops)).open().whole(),
          Script(payload.stream).syn().add(turned(7000, kTooFewHops)).ack().whole()};
}

Scripts split_handshake(const Payload& payload) {
  Scripts scripts;
  for (const Handshake handshake : {Handshake::split, Handshake::open}) {
    Script script(payload.stream);
    script.what = handshake == Handshake::split ? "split" : "open";
    script.handshake = handshake;
    script.syn().add({.at = -1, .flags = "SA"}).ack();
    script.part(0, payload.name_at + 4).part(payload.name_at + 4, payload.stream.size());
    scripts.push_back(std::move(script));
  }
  return scripts;
}

// The connection is older than the gateway.
Scripts older_than_the_gateway(const Payload& payload) {
  Script script(payload.stream);
  script.add({.at = -1, .flags = "S", .unseen = true});
  script.add({.flags = "A", .unseen = true});
  const std::size_t cut = payload.name_at + 4;
  return {Script(script).whole(), Script(script).part(0, cut).part(cut, payload.stream.size())};
}

Script after_a_first_one(const Payload& payload, std::int64_t shift) {
  Script script(payload.stream);
  script.stream_at = shift;
  return script.open().bytes(0, payload.decoy);
}

// The first connection is clean and was passed; the second reuses its ports.
Scripts ports_again(const Payload& payload) {
  Scripts scripts;
  for (const std::int64_t shift : {std::int64_t{100'000}, std::int64_t{3'000'000'000}}) {
    for (const std::string_view end : {"R", "FA"}) {
      Script script = after_a_first_one(payload, shift);
      script.what = end;
      const auto size = static_cast<std::int64_t>(payload.decoy.size());
      script.add({.at = size, .flags = end});
      script.syn(shift - 1).ack(shift);
      script.bytes(static_cast<std::size_t>(shift), Bytes(payload.stream));
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

// A SYN that never arrives is sent between the second connection's SYN and its answer.
Scripts ports_again_decoy(const Payload& payload) {
  constexpr std::int64_t kShift = 100'000;
  Script script = after_a_first_one(payload, kShift);
  script.add({.at = static_cast<std::int64_t>(payload.decoy.size()), .flags = "R"});
  script.add({.at = kShift + 900, .flags = "S", .hops = kTooFewHops}).syn(kShift - 1);
  script.add({.at = kShift + 900, .flags = "S", .hops = kTooFewHops});
  script.only_server_tells();
  return {script.ack(kShift).bytes(std::size_t{kShift}, Bytes(payload.stream))};
}

Scripts ports_again_fast_open(const Payload& payload) {
  constexpr std::int64_t kShift = 100'000;
  Script script = after_a_first_one(payload, kShift);
  script.fast_open = true;
  script.sends_again = true;
  script.add({.at = static_cast<std::int64_t>(payload.decoy.size()), .flags = "R"});
  script.add({.at = kShift - 1, .flags = "S", .payload = payload.stream});
  return {script.syn(kShift - 1).ack(kShift)};
}

// Half of the stream is in the SYN; then comes a SYN that never arrives and would move its start.
Scripts fast_open_and_decoy(const Payload& payload) {
  const std::size_t middle = payload.name_at + 4;
  Script script(payload.stream);
  script.fast_open = true;
  const auto half = Bytes(script.stream).first(middle);
  script.add({.at = -1, .flags = "S", .payload = {half.begin(), half.end()}});
  script.add({.at = 5000, .flags = "S", .hops = kTooFewHops});
  return {script.ack().part(middle, payload.stream.size())};
}

// A wrong acknowledgment makes the server send a RST, but the connection stays open.
Scripts reset_provoked(const Payload& payload) {
  const std::size_t middle = payload.name_at + 4;
  Script script(payload.stream);
  script.syn().add({.flags = "A", .acknowledgment_error = 77'777}).ack().part(0, middle);
  script.add({.at = static_cast<std::int64_t>(middle) - 1, .flags = "S", .hops = kTooFewHops});
  return {script.part(middle, payload.stream.size())};
}

}  // namespace

std::span<const Case> tcp_handshake_cases() {
  static const std::vector<Case> cases{
      {"syn_fast_open", "data in the SYN, taken and not taken", kEveryKind, fast_open},
      {"syn_decoy_data", "a decoy in the SYN that is not taken", kEveryKind, decoy_in_syn,
       Trait::breaks_evader},
      {"syn_low_hops", "SYNs of other numbers whose TTL does not reach", kEveryKind, syn_low_hops},
      {"syn_ack_from_client", "the client swaps the roles with a SYN-ACK", kEveryKind,
       syn_ack_from_client},
      {"split_handshake", "the server answers with a SYN of its own", kEveryKind, split_handshake},
      {"no_handshake_seen", "a connection older than the gateway", kEveryKind,
       older_than_the_gateway},
      {"syn_fast_open_decoy", "half in the SYN, then a SYN that does not reach", kEveryKind,
       fast_open_and_decoy},
      {"reset_provoked", "a RST that the server sends without closing", kEveryKind, reset_provoked},
      {"ports_again_syn_decoy", "the second connection's SYN between two that do not reach",
       kEveryKind, ports_again_decoy},
      {"ports_again_fast_open", "the second connection's data in its SYN", kEveryKind,
       ports_again_fast_open},
      {"ports_again", "a clean connection, then another on its ports", kEveryKind, ports_again},
  };
  return cases;
}

}  // namespace sluice::evasion
