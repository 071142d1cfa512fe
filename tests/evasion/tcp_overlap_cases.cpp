// Two copies of the same bytes that differ. Which one a server reads depends on its stack, so each
// script runs against all of them.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Bytes cut(const ByteVector& bytes, std::size_t from, std::size_t to) {
  return Bytes(bytes).subspan(from, to - from);
}

// Places in and around the name.
struct Places {
  explicit Places(const Payload& payload)
      : gap(payload.name_at - 6),
        before(payload.name_at - 3),
        from(payload.name_at),
        middle(payload.name_at + 7),
        to(payload.name_end),
        end(payload.stream.size()) {}
  std::size_t gap, before, from, middle, to, end;
};

Scripts same_place(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real)
              .open()
              .bytes(at.gap, cut(decoy, at.gap, at.end))
              .part(at.gap, at.end)
              .part(0, at.gap),
          Script(real)
              .open()
              .part(at.gap, at.end)
              .bytes(at.gap, cut(decoy, at.gap, at.end))
              .part(0, at.gap)};
}

Scripts over_the_gap(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real).open().bytes(at.gap, cut(decoy, at.gap, at.end)).whole(),
          Script(real).open().part(at.gap, at.end).bytes(0, decoy)};
}

Scripts begins_before(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real)
              .open()
              .bytes(at.from, cut(decoy, at.from, at.end))
              .part(at.before, at.end)
              .part(0, at.before),
          Script(real)
              .open()
              .part(at.from, at.end)
              .bytes(at.before, cut(decoy, at.before, at.end))
              .part(0, at.before)};
}

Scripts ends_behind(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real)
              .open()
              .bytes(at.from, cut(decoy, at.from, at.middle))
              .part(at.from, at.end)
              .part(0, at.from),
          Script(real)
              .open()
              .part(at.from, at.middle)
              .bytes(at.from, cut(decoy, at.from, at.end))
              .part(0, at.from)
              .part(at.middle, at.end)};
}

Scripts covers(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real)
              .open()
              .bytes(at.from, cut(decoy, at.from, at.to))
              .part(at.before, at.end)
              .part(0, at.before),
          Script(real)
              .open()
              .part(at.from, at.to)
              .bytes(at.before, cut(decoy, at.before, at.end))
              .part(0, at.before)};
}

Scripts one_byte(const Payload& payload) {
  const Places at(payload);
  const ByteVector &real = payload.stream, &decoy = payload.decoy;
  return {Script(real)
              .open()
              .bytes(at.middle, cut(decoy, at.middle, at.middle + 1))
              .part(1, at.end)
              .part(0, 1),
          Script(real)
              .open()
              .part(at.middle, at.middle + 1)
              .bytes(1, cut(decoy, 1, at.end))
              .part(0, 1)
              .part(at.from, at.to)};
}

// Windows of eight bytes that move by one byte, alternately from both streams.
Scripts interleaved(const Payload& payload) {
  Script real_first(payload.stream), decoy_first(payload.stream);
  real_first.open();
  decoy_first.open();
  const Places at(payload);
  for (std::size_t i = at.gap; i + 8 <= at.to; ++i) {
    real_first.part(i, i + 8).bytes(i, cut(payload.decoy, i, i + 8));
    decoy_first.bytes(i, cut(payload.decoy, i, i + 8)).part(i, i + 8);
  }
  real_first.part(0, at.gap).part(at.to, at.end);
  decoy_first.part(0, at.gap).part(at.to, at.end);
  return {real_first, decoy_first};
}

// `seqovl`: a segment begins before the window with bytes that the server trims off.
Scripts before_the_start(const Payload& payload) {
  Scripts scripts;
  for (const std::size_t extra : {std::size_t{1}, std::size_t{3}, payload.stream.size()}) {
    for (const std::size_t end : {payload.name_at + 5, payload.stream.size()}) {
      Script script(payload.stream);
      script.what = std::to_string(extra) + " bytes before";
      ByteVector bytes(payload.decoy.begin(), payload.decoy.begin() + static_cast<long>(extra));
      test::append(bytes, cut(payload.stream, 0, end));
      script.open().add({.at = -static_cast<std::int64_t>(extra), .payload = bytes});
      scripts.push_back(script.part(end, payload.stream.size()));
    }
  }
  return scripts;
}

// `disorder` with `seqovl`: the second part comes first and overlaps the first one.
Scripts before_the_second_part(const Payload& payload) {
  const Places at(payload);
  ByteVector second(cut(payload.decoy, at.from, at.middle).begin(),
                    cut(payload.decoy, at.from, at.middle).end());
  test::append(second, cut(payload.stream, at.middle, at.end));
  return {Script(payload.stream).open().bytes(at.from, second).part(0, at.middle),
          Script(payload.stream)
              .open()
              .bytes(at.from, second)
              .part(0, at.middle)
              .part(at.from, at.middle)};
}

// The server has acknowledged the start, and trims it off the next segment.
Scripts over_what_was_read(const Payload& payload) {
  const Places at(payload);
  ByteVector second(payload.decoy.begin(), payload.decoy.begin() + static_cast<long>(at.middle));
  test::append(second, cut(payload.stream, at.middle, at.end));
  return {Script(payload.stream).open().part(0, at.middle).bytes(0, second)};
}

// `fakedsplit`: a copy that never arrives is sent before and after each part.
Scripts decoy_for_each_part(const Payload& payload) {
  const Places at(payload);
  Scripts scripts;
  for (const bool reversed : {false, true}) {
    Script script(payload.stream);
    script.open();
    const auto part = [&](std::size_t from, std::size_t to) {
      const auto decoy = [&] {
        const Bytes bytes = cut(payload.decoy, from, to);
        script.add({.at = static_cast<std::int64_t>(from),
                    .payload = {bytes.begin(), bytes.end()},
                    .hops = kTooFewHops});
      };
      decoy();
      script.part(from, to);
      decoy();
    };
    if (reversed) part(at.middle, at.end);
    part(0, at.middle);
    if (!reversed) part(at.middle, at.end);
    scripts.push_back(std::move(script));
  }
  return scripts;
}

}  // namespace

std::span<const Case> tcp_overlap_cases() {
  static const std::vector<Case> cases{
      {"overlap_same_place", "two copies behind a gap, equal in place", kEveryKind, same_place},
      {"overlap_over_the_gap", "a copy behind a gap, then the whole", kEveryKind, over_the_gap},
      {"overlap_begins_before", "the later copy begins before the first", kEveryKind,
       begins_before},
      {"overlap_ends_behind", "the later copy ends behind the first", kEveryKind, ends_behind},
      {"overlap_covers", "the later copy begins before and ends behind", kEveryKind, covers},
      {"overlap_one_byte", "one byte of the name in two copies", kEveryKind, one_byte},
      {"overlap_interleaved", "eight bytes at each place, from both in turn", kEveryKind,
       interleaved, Trait::no_ordinary},
      {"seqovl", "a segment begins before the stream's start", kEveryKind, before_the_start},
      {"seqovl_disorder", "the second part first, reaching over the first", kEveryKind,
       before_the_second_part},
      {"decoy_for_each_part", "fakedsplit: each part between two copies that do not arrive",
       kEveryKind, decoy_for_each_part, Trait::breaks_evader},
      {"overlap_acknowledged", "other bytes over what was acknowledged", kEveryKind,
       over_what_was_read},
  };
  return cases;
}

}  // namespace sluice::evasion
