// Packets that are meant to fool only the gateway: the server never gets them, or discards them.

#include <functional>

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

using Turn = void (*)(Shot&);

// The decoy before the stream, in the middle of it, and many times.
Scripts around(const Payload& payload, Turn turn) {
  const std::size_t middle = payload.name_at + 5, end = payload.stream.size();
  Script before(payload.stream), between(payload.stream), often(payload.stream);
  before.what = "before";
  between.what = "between";
  often.what = "often";
  before.open().decoy(payload.decoy, turn).whole();
  between.open().part(0, middle).decoy(payload.decoy, turn).part(middle, end);
  often.open();
  for (int i = 0; i < 20; ++i) often.decoy(payload.decoy, turn);
  often.part(0, middle).decoy(payload.decoy, turn).part(middle, end);
  return {before, between, often};
}

// A decoy without bytes.
Scripts around_bare(const Payload& payload, std::string_view flags, Turn turn) {
  const std::size_t middle = payload.name_at + 5, end = payload.stream.size();
  Shot shot{.flags = flags};
  turn(shot);
  Shot later = shot;
  later.at += static_cast<std::int64_t>(middle);
  return {Script(payload.stream).open().add(shot).whole(),
          Script(payload.stream).open().part(0, middle).add(later).part(middle, end)};
}

Scripts low_hops(const Payload& payload) {
  return around(payload, [](Shot& shot) { shot.hops = kTooFewHops; });
}
Scripts bad_checksum(const Payload& payload) {
  return around(payload, [](Shot& shot) { shot.bad_checksum = true; });
}
Scripts stale_sequence(const Payload& payload) {
  Scripts scripts = around(payload, [](Shot& shot) { shot.at = -10'000; });
  for (Script& script : around(payload, [](Shot& shot) {
         shot.at = -static_cast<std::int64_t>(shot.payload.size());
       })) {
    scripts.push_back(script);
  }
  return scripts;
}
Scripts far_sequence(const Payload& payload) {
  Scripts scripts;
  for (const Turn turn :
       {+[](Shot& shot) { shot.at = 70'000; }, +[](Shot& shot) { shot.at = 0x3000'0000; },
        +[](Shot& shot) { shot.at = 0x7fff'ff00; }, +[](Shot& shot) { shot.at = 0x8000'0000; }}) {
    for (Script& script : around(payload, turn)) scripts.push_back(script);
  }
  return scripts;
}
Scripts md5(const Payload& payload) {
  return around(payload, [](Shot& shot) { shot.md5 = true; });
}
Scripts old_timestamp(const Payload& payload) {
  Scripts scripts = around(payload, [](Shot&) {});
  for (Script& script : scripts) {
    for (Shot& shot : script.shots) {
      shot.timestamp = shot.payload == payload.decoy && !shot.flags.starts_with('S') ? 1000 : 5000;
    }
  }
  return scripts;
}
Scripts without_ack_flag(const Payload& payload) {
  return around(payload, [](Shot& shot) { shot.flags = "P"; });
}
Scripts wrong_acknowledgment(const Payload& payload) {
  Scripts scripts = around(payload, [](Shot& shot) { shot.acknowledgment_error = 100'000; });
  for (Script& script :
       around(payload, [](Shot& shot) { shot.acknowledgment_error = 0U - 100'000U; })) {
    scripts.push_back(script);
  }
  for (Script& script : scripts) script.only_server_tells();
  return scripts;
}
Scripts with_syn_flag(const Payload& payload) {
  Scripts scripts = around(payload, [](Shot& shot) {
    shot.flags = "SA";
    shot.at = -1;
  });
  for (Script& script : around(payload, [](Shot& shot) { shot.flags = "S"; })) {
    scripts.push_back(script);
  }
  return scripts;
}
Scripts with_fin_flag(const Payload& payload) {
  return around(payload, [](Shot& shot) {
    shot.flags = "FA";
    shot.hops = kTooFewHops;
  });
}

Scripts reset_low_hops(const Payload& payload) {
  return around_bare(payload, "R", [](Shot& shot) { shot.hops = kTooFewHops; });
}
Scripts reset_bad_checksum(const Payload& payload) {
  return around_bare(payload, "RA", [](Shot& shot) { shot.bad_checksum = true; });
}
// RFC 5961 section 3: only the exact number resets.
Scripts reset_inexact(const Payload& payload) {
  return around_bare(payload, "R", [](Shot& shot) { shot.at = 9; });
}
Scripts end_low_hops(const Payload& payload) {
  return around_bare(payload, "FA", [](Shot& shot) { shot.hops = kTooFewHops; });
}
Scripts end_too_early(const Payload& payload) {
  return around_bare(payload, "FA", [](Shot& shot) { shot.at = -100; });
}

// An urgent byte in the name: servers that do not read urgent data in line never see it.
Scripts urgent(const Payload& payload) {
  Scripts scripts;
  for (std::size_t at = payload.name_at; at < payload.name_end; at += 3) {
    ByteVector bytes = payload.stream;
    bytes.insert(bytes.begin() + static_cast<long>(at), std::byte{'q'});
    Script script(bytes);
    script.what = "urgent at " + std::to_string(at);
    script.open().add(
        {.flags = "PAU", .payload = bytes, .urgent = static_cast<std::uint16_t>(at + 1)});
    scripts.push_back(std::move(script));
  }
  return scripts;
}

// The pointer comes ahead of its byte: in a segment without data, before the byte or in its middle.
Scripts urgent_ahead(const Payload& payload) {
  Scripts scripts;
  for (std::size_t at = payload.name_at; at < payload.name_end; at += 3) {
    ByteVector bytes = payload.stream;
    bytes.insert(bytes.begin() + static_cast<long>(at), std::byte{'q'});
    for (const std::size_t from : {std::size_t{0}, at / 2}) {
      Script script(bytes);
      script.what = "pointer at " + std::to_string(from) + " to " + std::to_string(at);
      script.open();
      if (from > 0) script.part(0, from);
      script.add({.at = static_cast<std::int64_t>(from),
                  .flags = "AU",
                  .urgent = static_cast<std::uint16_t>(at + 1 - from)});
      script.part(from, bytes.size());
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

// A byte in front that makes the start look like nothing, and that the server leaves out.
Scripts urgent_first(const Payload& payload) {
  Scripts scripts;
  for (const std::size_t together : {std::size_t{1}, payload.stream.size() + 1}) {
    ByteVector bytes = payload.stream;
    bytes.insert(bytes.begin(), std::byte{0});
    Script script(bytes);
    script.what = std::to_string(together) + " together";
    const Bytes first = Bytes(bytes).first(together);
    script.open().add({.flags = "AU", .payload = {first.begin(), first.end()}, .urgent = 1});
    if (together < bytes.size()) script.part(together, bytes.size());
    scripts.push_back(std::move(script));
  }
  return scripts;
}

}  // namespace

std::span<const Case> tcp_decoy_cases() {
  static const std::vector<Case> cases{
      {"decoy_low_hops", "a decoy whose TTL does not reach", kEveryKind, low_hops,
       Trait::breaks_evader},
      {"decoy_bad_checksum", "a decoy with a bad checksum", kEveryKind, bad_checksum},
      {"decoy_stale_sequence", "a decoy before the window", kEveryKind, stale_sequence},
      {"decoy_far_sequence", "a decoy behind the window, near and far", kEveryKind, far_sequence},
      {"decoy_md5_option", "a decoy with an MD5 signature", kEveryKind, md5},
      {"decoy_old_timestamp", "a decoy with an older timestamp", kEveryKind, old_timestamp},
      {"decoy_without_ack", "a decoy without the ACK flag", kEveryKind, without_ack_flag},
      {"decoy_wrong_ack", "a decoy that acknowledges what was not sent", kEveryKind,
       wrong_acknowledgment},
      {"decoy_with_syn", "a decoy with SYN or SYN-ACK in an open connection", kEveryKind,
       with_syn_flag},
      {"decoy_with_fin", "a decoy with FIN whose TTL does not reach", kEveryKind, with_fin_flag,
       Trait::breaks_evader},
      {"reset_low_hops", "a RST whose TTL does not reach", kEveryKind, reset_low_hops},
      {"reset_bad_checksum", "a RST with a bad checksum", kEveryKind, reset_bad_checksum},
      {"reset_inexact", "a RST in the window, but not its first number", kEveryKind, reset_inexact},
      {"end_low_hops", "a FIN whose TTL does not reach", kEveryKind, end_low_hops},
      {"end_too_early", "a FIN before the window", kEveryKind, end_too_early},
      {"urgent_byte",
       "an urgent byte in the name",
       {Kind::tls, Kind::http, Kind::dns},
       urgent,
       Trait::no_ordinary},
      {"urgent_ahead",
       "a pointer that comes ahead of its byte in the name",
       {Kind::tls, Kind::http, Kind::dns},
       urgent_ahead,
       Trait::no_ordinary},
      {"urgent_first",
       "an urgent byte in front of the stream",
       {Kind::tls, Kind::dns},
       urgent_first,
       Trait::no_ordinary},
  };
  return cases;
}

}  // namespace sluice::evasion
