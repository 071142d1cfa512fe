// What an evader may try where nobody acknowledges: to have what passed forgotten, and to have
// another connection's bytes taken for the ones that count. Most of it does not reach the server.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

constexpr std::size_t kSegment = 1400;

// More than is kept of a stream, and less than its window.
constexpr std::size_t kManyBytes = 60 * 1024;

Script& add_lost(Script& script, std::int64_t at, std::string_view text) {
  const Bytes bytes = as_bytes(text);
  for (std::size_t from = 0; from < bytes.size(); from += kSegment) {
    const Bytes part = bytes.subspan(from, std::min(kSegment, bytes.size() - from));
    script.add({.at = at + static_cast<std::int64_t>(from),
                .payload = {part.begin(), part.end()},
                .hops = kTooFewHops});
  }
  return script;
}

// Innocent messages that do not arrive, more than are kept; then the real one in place of the
// first.
Scripts after_many(const Payload& payload) {
  std::string decoys;
  while (decoys.size() < kManyBytes) decoys += as_text(payload.decoy);
  Script script(payload.stream);
  add_lost(script.open(), 0, decoys).whole();
  Script again(payload.stream);
  add_lost(again.open(), 0, decoys);
  again.whole();
  return {script,
          again.part(0, payload.name_at + 4).part(payload.name_at + 4, payload.stream.size())};
}

// More chunks that do not arrive than are kept in mind; then the real message in place of the head,
// and in place of chunks.
Scripts after_many_chunks(const Payload& payload) {
  std::string upload =
      "POST / HTTP/1.1\r\nHost: a.weather.io\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 2000; ++i) upload += "10\r\n0123456789abcdef\r\n";
  Script script(payload.stream);
  return {add_lost(script.open(), 0, upload).whole()};
}

// A request whose body goes on to offset `to`.
std::string request_with_body(std::int64_t at, std::int64_t to) {
  std::string text = "POST / HTTP/1.1\r\nHost: a.weather.io\r\nContent-Length: 90000\r\n\r\n";
  text.resize(static_cast<std::size_t>(to - at), 'x');
  return text;
}

Shot lost_syn(std::int64_t at) {
  return {.at = at, .flags = "S", .hops = kTooFewHops};
}

// The SYN of a connection that the server never sees; what the real one reads as a message lies in
// a body there, or in front of its start.
Scripts in_anothers_body(const Payload& payload) {
  constexpr std::int64_t kBefore = 500;
  const Shot reset{.at = 0, .flags = "R", .hops = kTooFewHops};
  Scripts scripts;
  for (const bool ends : {false, true}) {
    Script script(payload.stream);
    script.open();
    if (ends) script.add(reset);
    script.add(lost_syn(-kBefore - 1));
    add_lost(script, -kBefore, request_with_body(-kBefore, 0)).whole();
    scripts.push_back(script);
  }
  Script first(payload.stream);
  first.add(lost_syn(-kBefore - 1)).open();
  add_lost(first, -kBefore, request_with_body(-kBefore, 0)).whole();
  scripts.push_back(first);
  Script in_front(payload.stream);
  in_front.open().add(reset).add(lost_syn(static_cast<std::int64_t>(payload.name_end) + 1));
  scripts.push_back(in_front.whole());
  // Room runs out: the third connection's numbers come around to the first one's.
  Script around(payload.stream);
  around.open();
  for (const std::int64_t at : {std::int64_t{1} << 30, std::int64_t{2} << 30, std::int64_t{3} << 30,
                                (std::int64_t{4} << 30) - kBefore}) {
    around.add({.at = 0, .flags = "R", .hops = kTooFewHops}).add(lost_syn(at - 1));
    around.add({.at = at, .flags = "R", .hops = kTooFewHops});
  }
  add_lost(around, -kBefore, request_with_body(-kBefore, 0)).whole();
  scripts.push_back(around);
  return scripts;
}

// Data in a SYN that is lost, then the real SYN: its bytes lie behind a gap of the first one's.
Scripts behind_lost_data(const Payload& payload) {
  Script script(payload.stream);
  script.add({.at = -5001, .flags = "S", .payload = payload.decoy, .hops = kTooFewHops});
  return {script.open().whole()};
}

}  // namespace

std::span<const Case> tcp_one_way_cases() {
  static const std::vector<Case> cases{
      {"pushed_out",
       "more decoys that do not arrive than are kept",
       {Kind::http, Kind::dns},
       after_many,
       Trait::breaks_evader},
      {"pushed_out_chunks",
       "more chunks that do not arrive than are kept",
       {Kind::http},
       after_many_chunks,
       Trait::breaks_evader},
      {"body_of_another_syn",
       "in a body, or in front, by a SYN that does not arrive",
       {Kind::tls, Kind::http, Kind::dns},
       in_anothers_body,
       Trait::breaks_evader},
      {"syn_data_and_another", "data in a SYN that does not arrive, then the real SYN", kEveryKind,
       behind_lost_data, Trait::breaks_evader},
  };
  return cases;
}

}  // namespace sluice::evasion
