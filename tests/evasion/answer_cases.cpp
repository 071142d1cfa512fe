// Answers that lead to another name, over UDP and TCP.

#include "tests/evasion/answers.h"
#include "tests/support/dns_response.h"

namespace sluice::evasion {
namespace {

using test::DnsResponse;

constexpr std::string_view kAsked = "www.example.io";

ByteVector alias_to(std::string_view target) {
  return DnsResponse(kAsked).cname(kAsked, target).a(target, "203.0.113.9").build();
}

// Every record type that leads to another name.
std::vector<ByteVector> leading_to(std::string_view target) {
  return {alias_to(target),
          DnsResponse(kAsked).dname("example.io", target).build(),
          DnsResponse(kAsked, 65).https(kAsked, target).build(),
          DnsResponse(kAsked, 65).https(kAsked, target, {.priority = 0}).build(),
          DnsResponse(kAsked).cname(kAsked, kDecoyName).cname(kDecoyName, target).build(),
          DnsResponse(kAsked).cname(kAsked, kDecoyName).additional().cname("b.io", target).build()};
}

std::vector<Script> datagrams(std::string_view target) {
  std::vector<Script> scripts;
  for (const ByteVector& message : leading_to(target)) scripts.push_back(Script(message).whole());
  return scripts;
}

Script stream_to(std::string_view target) {
  return Script(test::framed(alias_to(target)));
}

std::vector<Script> streams(std::string_view target) {
  std::vector<Script> scripts;
  for (const ByteVector& message : leading_to(target)) {
    scripts.push_back(Script(test::framed(message)).whole());
  }
  return scripts;
}

std::vector<Script> split(std::string_view target) {
  std::vector<Script> scripts;
  const Script stream = stream_to(target);
  const std::size_t end = stream.stream.size();
  for (std::size_t cut = 1; cut < end; ++cut) {
    scripts.push_back(Script(stream).part(0, cut).part(cut, end));
    scripts.push_back(Script(stream).part(cut, end).part(0, cut));
  }
  return scripts;
}

std::vector<Script> byte_by_byte(std::string_view target) {
  Script forwards = stream_to(target), backwards = forwards;
  const std::size_t end = forwards.stream.size();
  for (std::size_t at = 0; at < end; ++at) {
    forwards.part(at, at + 1);
    backwards.part(end - at - 1, end - at);
  }
  return {forwards, backwards};
}

std::vector<Script> pipelined(std::string_view target) {
  ByteVector stream = test::framed(alias_to(kDecoyName));
  const std::size_t from = stream.size();
  test::append(stream, test::framed(alias_to(target)));
  const std::size_t to = stream.size();
  test::append(stream, test::framed(alias_to(kDecoyName)));
  const std::size_t end = stream.size();
  const Script script{stream};
  return {Script(script).whole(), Script(script).part(0, from).part(from, to).part(to, end),
          Script(script).part(0, from + 9).part(from + 9, end),
          Script(script).part(from + 9, end).part(0, from + 9)};
}

std::vector<Script> sent_again(std::string_view target) {
  const Script script = stream_to(target);
  const std::size_t middle = script.stream.size() / 2, end = script.stream.size();
  return {Script(script).part(0, middle).part(0, middle).part(middle, end).whole(),
          Script(script).part(middle, end).part(middle, end).part(0, middle),
          Script(script).part(0, middle).part(middle - 9, end)};
}

std::vector<Script> overlap(std::string_view target) {
  const Script script = stream_to(target);
  const ByteVector decoy = test::framed(alias_to(kDecoyName));
  const std::size_t size = std::min(script.stream.size(), decoy.size());
  const auto other = [&](Script& to, std::size_t from) {
    to.bytes(from, Bytes(decoy).subspan(from, size - from));
  };
  std::vector<Script> scripts;
  for (const std::size_t cut : {1U, 2U, 20U, 40U}) {
    Script before(script), behind(script), waiting(script);
    other(before.part(0, cut), cut);
    before.part(cut, script.stream.size());
    other(behind.part(0, cut).part(cut, script.stream.size()), cut);
    waiting.part(cut, script.stream.size());
    other(waiting, cut);
    waiting.part(0, cut);
    Script decoy_waits(script);
    other(decoy_waits, cut);
    decoy_waits.part(cut, script.stream.size()).part(0, cut);
    for (const Script& each : {before, behind, waiting, decoy_waits}) scripts.push_back(each);
  }
  return scripts;
}

std::vector<Script> discarded(std::string_view target) {
  const ByteVector decoy = test::framed(alias_to(kDecoyName));
  return {stream_to(target).decoy(decoy, [](Shot& shot) { shot.bad_checksum = true; }).whole(),
          stream_to(target).decoy(decoy, [](Shot& shot) { shot.at = 0x40000000; }).whole(),
          stream_to(target).decoy(decoy, [](Shot& shot) { shot.at = -400; }).whole()};
}

std::vector<Script> wraps(std::string_view target) {
  Script script = stream_to(target);
  script.initial = 0xffffffffU - 20;
  const std::size_t end = script.stream.size();
  return {Script(script).whole(), Script(script).part(0, 20).part(20, end),
          Script(script).part(30, end).part(0, 30)};
}

// The alias stands behind more bytes than the window of most streams.
std::vector<Script> long_message(std::string_view target) {
  constexpr std::size_t kSegment = 1400, kSegments = 36;
  constexpr std::uint16_t kNull = 10;
  const ByteVector filler(kSegment * (kSegments - 1));
  const Script script{
      test::framed(DnsResponse(kAsked).raw(kAsked, kNull, filler).cname(kAsked, target).build())};
  const std::size_t end = script.stream.size();
  Script forwards(script), backwards(script);
  for (std::size_t i = 0; i < kSegments; ++i) {
    const std::size_t behind = kSegments - 1 - i;
    forwards.part(i * kSegment, std::min(end, (i + 1) * kSegment));
    backwards.part(behind * kSegment, std::min(end, (behind + 1) * kSegment));
  }
  return {forwards, backwards};
}

// Questions for the banned name are answered with keys, others with an unknown parameter.
ByteVector keys_of(std::string_view target) {
  constexpr std::uint16_t kHttps = 65;
  const bool is_banned = target == kBannedName;
  // Priority 1, no other target; a parameter and its length.
  ByteVector data =
      test::byte_vector(std::string_view(is_banned ? "\0\1\0\0\5\0" : "\0\1\0\x80\5\0", 6));
  data.push_back(static_cast<std::byte>(target.size()));
  test::append(data, as_bytes(target));
  return DnsResponse(kAsked, kHttps).raw(kAsked, kHttps, data).build();
}

std::vector<Script> keys_in_datagrams(std::string_view target) {
  return {Script(keys_of(target)).whole()};
}

// Whole in a segment, alone or with others, repeated, and in pieces.
std::vector<Script> keys(std::string_view target) {
  const ByteVector message = test::framed(keys_of(target)),
                   other = test::framed(alias_to(kDecoyName));
  const std::size_t from = other.size(), to = from + message.size();
  ByteVector stream = other;
  test::append(stream, message);
  test::append(stream, other);
  const Script script{stream};
  const std::size_t end = stream.size();
  std::vector<Script> scripts{
      Script(script).whole(),
      Script(script).whole().whole(),
      Script(script).part(0, from).part(from, to).part(to, end),
      Script(script).part(to, end).part(from, to).part(0, from),
      Script(script).part(0, from + 2).part(from + 2, to).part(to, end),
      Script(script).part(0, from).part(from, to).part(from + 9, end),
  };
  for (std::size_t cut = from + 1; cut < to; ++cut) {
    scripts.push_back(Script(script).part(0, cut).part(cut, end));
    scripts.push_back(Script(script).part(cut, end).part(0, cut));
  }
  Script bytes(script);
  for (std::size_t at = 0; at < end; ++at) bytes.part(at, at + 1);
  scripts.push_back(bytes);
  return scripts;
}

}  // namespace

std::span<const AnswerCase> answer_cases() {
  static const std::vector<AnswerCase> cases{
      {"answer_datagram", "CNAME, DNAME, HTTPS, chains, additional records", Carrier::udp,
       datagrams},
      {"answer_stream", "the same, one segment", Carrier::tcp, streams},
      {"answer_split", "two segments, cut anywhere, in either order", Carrier::tcp, split},
      {"answer_byte_by_byte", "a byte in each segment, forwards and backwards", Carrier::tcp,
       byte_by_byte},
      {"answer_long", "50,000 bytes, in either order", Carrier::tcp, long_message},
      {"answer_pipelined", "between two other answers", Carrier::tcp, pipelined},
      {"answer_sent_again", "segments twice, and in larger pieces", Carrier::tcp, sent_again},
      {"answer_overlap", "a copy that differs, before and behind the right one", Carrier::tcp,
       overlap, Trait::no_ordinary},
      {"answer_decoy", "bad checksum, far ahead, long before", Carrier::tcp, discarded},
      {"answer_wraps", "sequence numbers wrap in it", Carrier::tcp, wraps},
      {"answer_ech_datagram", "keys for Encrypted ClientHello, stripped", Carrier::udp,
       keys_in_datagrams, Trait::none, policy::Ech::strip},
      {"answer_ech_stripped", "the same, whole in a segment and in pieces", Carrier::tcp, keys,
       Trait::none, policy::Ech::strip},
      {"answer_ech_dropped", "the same, with ech = drop", Carrier::tcp, keys, Trait::none,
       policy::Ech::drop},
  };
  return cases;
}

}  // namespace sluice::evasion
