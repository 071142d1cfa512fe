// Questions over TCP and UDP, as resolvers read them.

#include "tests/evasion/cases.h"

namespace sluice::evasion {
namespace {

Script sent(Kind kind, const ByteVector& message) {
  if (kind == Kind::dns_udp) return Script().datagram(message);
  return Script(test::framed(message)).open().whole();
}

Scripts plain_question(const Payload& payload) {
  return {Script().datagram(payload.stream)};
}

Scripts with_edns(const Payload& payload) {
  return {sent(payload.kind, test::dns_query(payload.name, {.edns = true, .cookie = 24}))};
}

Scripts odd_case(const Payload& payload) {
  std::string name = payload.name;
  for (std::size_t i = 0; i < name.size(); i += 2) {
    if (name[i] >= 'a') name[i] = static_cast<char>(name[i] - 'a' + 'A');
  }
  return {sent(payload.kind, test::dns_query(name))};
}

Scripts pipelined(const Payload& payload) {
  ByteVector stream = test::framed(test::dns_query(kDecoyName));
  const std::size_t first = stream.size();
  test::append(stream, payload.stream);
  const Script script = Script(stream).open();
  return {Script(script).whole(), Script(script).part(0, first).part(first, stream.size()),
          Script(script).part(0, first + 8).part(first + 8, stream.size()),
          Script(script).part(first, stream.size()).part(0, first)};
}

// A header that counts `questions` and no other records.
ByteVector header(unsigned questions) {
  ByteVector message;
  test::append_u16(message, 0x4321);
  test::append_u16(message, 0x0100);
  test::append_u16(message, questions);
  message.resize(12);
  return message;
}

void append_labels(ByteVector& to, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    test::append_u8(to, static_cast<unsigned>(label.size()));
    test::append(to, as_bytes(label));
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
}

Scripts two_questions(const Payload& payload) {
  ByteVector message = header(2);
  for (const std::string_view name : {kDecoyName, std::string_view(payload.name)}) {
    append_labels(message, name);
    test::append_u8(message, 0);
    test::append_u32(message, 0x00010001);
  }
  return {sent(payload.kind, message)};
}

// The rest of the name stands behind the question, or in an earlier question's name.
Scripts compressed(const Payload& payload) {
  const std::string_view name = payload.name;
  const std::string_view first = name.substr(0, 3), rest = name.substr(4);
  ByteVector forward = header(1);
  append_labels(forward, first);
  test::append_u16(forward, 0xc000 + static_cast<unsigned>(forward.size()) + 6);
  test::append_u32(forward, 0x00010001);
  append_labels(forward, rest);
  test::append_u8(forward, 0);

  ByteVector chained = header(1);
  append_labels(chained, first);
  test::append_u16(chained, 0xc000 + static_cast<unsigned>(chained.size()) + 6);
  test::append_u32(chained, 0x00010001);
  for (int i = 0; i < 3; ++i) {
    test::append_u16(chained, 0xc000 + static_cast<unsigned>(chained.size()) + 2);
  }
  append_labels(chained, rest);
  test::append_u8(chained, 0);
  return {sent(payload.kind, forward), sent(payload.kind, chained)};
}

// Padded so that its length and identifier begin as SOCKS, a method or TLS do.
Scripts other_protocol(const Payload& payload) {
  Scripts scripts;
  for (const unsigned length : {0x0401U, 0x0402U, 0x0501U, 0x0a0aU, 0x2121U, 0x1603U}) {
    for (const unsigned id : {0x0050U, 0x4720U}) {
      ByteVector message = test::dns_query(payload.name);
      message[0] = static_cast<std::byte>(id >> 8);
      message[1] = static_cast<std::byte>(id & 0xff);
      message.resize(length);
      Script script = Script(test::framed(message)).open();
      script.part(0, 1).part(1, 9).part(9, 13).part(13, 20);
      for (std::size_t at = 20; at < script.stream.size(); at += 1400) {
        script.part(at, std::min(at + 1400, script.stream.size()));
      }
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

}  // namespace

std::span<const Case> dns_cases() {
  static const std::vector<Case> cases{
      {"dns_over_udp", "one question in a datagram", {Kind::dns_udp}, plain_question},
      {"dns_edns", "a question with EDNS and a cookie", kDnsKinds, with_edns},
      {"dns_odd_case", "upper and lower case in the name (0x20)", kDnsKinds, odd_case},
      {"dns_pipelined", "a second question behind the first", {Kind::dns}, pipelined},
      {"dns_two_questions", "two questions in one message", kDnsKinds, two_questions},
      {"dns_other_protocol",
       "lengths that begin as SOCKS, HTTP or TLS do",
       {Kind::dns},
       other_protocol},
      {"dns_compressed", "pointers that lead forward, one and four", kDnsKinds, compressed},
  };
  return cases;
}

}  // namespace sluice::evasion
