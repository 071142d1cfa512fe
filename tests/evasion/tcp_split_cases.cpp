// Streams that are cut, reordered and repeated: all of it valid TCP.

#include <algorithm>

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Scripts plain(const Payload& payload) {
  return {Script(payload.stream).open().whole()};
}

// One script for each cut.
template <typename Send>
Scripts at_every_cut(const Payload& payload, Send send) {
  Scripts scripts;
  for (const std::size_t cut : cuts_of(payload)) {
    Script script(payload.stream);
    script.what = "cut at " + std::to_string(cut);
    script.open();
    send(script, cut);
    scripts.push_back(std::move(script));
  }
  return scripts;
}

Scripts split(const Payload& payload) {
  return at_every_cut(payload, [&](Script& script, std::size_t cut) {
    script.part(0, cut).part(cut, payload.stream.size());
  });
}

Scripts split_reversed(const Payload& payload) {
  return at_every_cut(payload, [&](Script& script, std::size_t cut) {
    script.part(cut, payload.stream.size()).part(0, cut);
  });
}

Scripts split_in_name(const Payload& payload) {
  const std::size_t from = payload.name_at + 3, to = payload.name_end - 4;
  const std::size_t size = payload.stream.size();
  return {Script(payload.stream).open().part(0, from).part(from, to).part(to, size),
          Script(payload.stream).open().part(to, size).part(from, to).part(0, from),
          Script(payload.stream).open().part(from, to).part(0, from).part(to, size)};
}

Scripts byte_by_byte(const Payload& payload) {
  Script forward(payload.stream), backward(payload.stream);
  forward.open();
  backward.open();
  const std::size_t size = payload.stream.size();
  for (std::size_t i = 0; i < size; ++i) {
    forward.part(i, i + 1);
    backward.part(size - 1 - i, size - i);
  }
  return {forward, backward};
}

// All bytes but one, then that one.
Scripts last_byte_missing(const Payload& payload) {
  Scripts scripts;
  for (std::size_t at = payload.name_at; at < payload.name_end; ++at) {
    Script script(payload.stream);
    script.what = "gap at " + std::to_string(at);
    scripts.push_back(
        script.open().part(0, at).part(at + 1, payload.stream.size()).part(at, at + 1));
  }
  return scripts;
}

Scripts sent_again(const Payload& payload) {
  const std::size_t half = payload.stream.size() / 2;
  return {Script(payload.stream).open().part(0, half).part(0, half).whole(),
          Script(payload.stream).open().part(0, half).whole().whole(),
          Script(payload.stream).open().part(half, payload.stream.size()).whole()};
}

Scripts sequence_wraps(const Payload& payload) {
  Scripts scripts = split(payload);
  for (Scripts reversed = split_reversed(payload); Script & script : reversed) {
    scripts.push_back(std::move(script));
  }
  for (Script& script : scripts) {
    script.initial = 0U - static_cast<std::uint32_t>(payload.stream.size() / 2);
  }
  return scripts;
}

// A keep-alive (RFC 9293 section 3.8.4): one byte before the next one, of any value.
Scripts keep_alive(const Payload& payload) {
  const std::size_t half = payload.stream.size() / 2;
  const ByteVector any(1, std::byte{0});
  Script script(payload.stream);
  script.open().add({.at = -1, .flags = "A", .payload = any});
  script.part(0, half).add(
      {.at = static_cast<std::int64_t>(half) - 1, .flags = "A", .payload = any});
  return {script.part(half, payload.stream.size())};
}

Scripts behind_the_window(const Payload& payload) {
  Script script(payload.stream);
  const ByteVector ahead(100, std::byte{'x'});
  script.open().bytes(60'000, ahead);
  script.bytes(100'000, ahead);
  return {script.whole()};
}

Scripts tagged(const Payload& payload) {
  Scripts scripts;
  for (const std::vector<std::uint16_t>& tags :
       {std::vector<std::uint16_t>{7}, {7, 9}, {7, 9, 11}}) {
    Script script(payload.stream);
    script.what = std::to_string(tags.size()) + " tags";
    script.vlans = tags;
    scripts.push_back(script.open().whole());
  }
  return scripts;
}

}  // namespace

std::span<const Case> tcp_split_cases() {
  static const std::vector<Case> cases{
      {"plain", "one segment", kEveryKind, plain},
      {"split", "two segments, cut at every byte", kEveryKind, split},
      {"split_reversed", "the same, the second one first", kEveryKind, split_reversed},
      {"split_in_name", "three segments, cut twice in the name, three orders", kEveryKind,
       split_in_name},
      {"byte_by_byte", "segments of one byte, in order and in reverse", kEveryKind, byte_by_byte},
      {"last_byte_missing", "a gap at each byte of the name, filled last", kEveryKind,
       last_byte_missing},
      {"sent_again", "the same bytes twice, in other pieces", kEveryKind, sent_again},
      {"sequence_wraps", "cut at every byte, numbers wrap at 2^32", kEveryKind, sequence_wraps},
      {"keep_alive", "a byte before the next one, of any value", kEveryKind, keep_alive},
      {"behind_the_window", "far bytes first, inside and outside the window", kEveryKind,
       behind_the_window},
      {"vlan_tags", "one, two and three tags", kEveryKind, tagged},
  };
  return cases;
}

std::vector<std::size_t> cuts_of(const Payload& payload) {
  constexpr std::size_t kShort = 400, kNear = 24, kStride = 61;
  const std::size_t size = payload.stream.size();
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 1; cut < size; ++cut) {
    const bool near = cut + kNear > payload.name_at && cut < payload.name_end + kNear;
    if (size < kShort || near || cut < 16 || cut % kStride == 0) cuts.push_back(cut);
  }
  return cuts;
}

}  // namespace sluice::evasion
