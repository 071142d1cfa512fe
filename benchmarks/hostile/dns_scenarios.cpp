// DNS: questions and answers, over UDP and TCP.

#include <algorithm>

#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/talk.h"
#include "benchmarks/matcher/random.h"

namespace sluice::bench {
namespace {

using test::append;
using test::append_u16;
using test::append_u32;
using test::append_u8;
using test::byte_vector;
using test::ByteVector;

constexpr unsigned kDnsPort = 53;
constexpr std::size_t kUdpPayload = 1'400;
constexpr unsigned kCname = 5, kHttps = 65;

ByteVector header(unsigned flags, std::size_t questions, std::size_t answers) {
  ByteVector message;
  append_u16(message, 0x1234);
  append_u16(message, flags);
  append_u16(message, static_cast<unsigned>(questions));
  append_u16(message, static_cast<unsigned>(answers));
  append_u32(message, 0);
  return message;
}
constexpr unsigned kQuery = 0x0100, kResponse = 0x8180;

void append_pointer(ByteVector& to, std::size_t at) {
  append_u16(to, 0xc000U | static_cast<unsigned>(at));
}

// A name of one-letter labels below `top`, random for each number.
std::string many_labels(std::size_t number, std::size_t labels, std::string_view top) {
  Random random(number);
  std::string text;
  for (std::size_t i = 0; i < labels; ++i) {
    text += static_cast<char>('a' + random.below(26));
    text += '.';
  }
  return text + std::string(top);
}

// Appends one-letter labels, each followed by a pointer to the label before it. A name that begins
// at the last label follows a pointer for each label. Returns the offset of that label.
constexpr std::size_t kLinks = 63;
std::size_t append_chain(ByteVector& message) {
  const std::size_t first = message.size();
  append(message, byte_vector(std::string_view("\1z\0", 3)));
  std::size_t before = first;
  for (std::size_t i = 1; i < kLinks; ++i) {
    const std::size_t at = message.size();
    append_u8(message, 1);
    append_u8(message, 'a' + static_cast<unsigned>(i % 26));
    append_pointer(message, before);
    before = at;
  }
  return before;
}

Scenario questions(std::size_t count, ByteVector (*make)(std::size_t), Expect expect) {
  Scenario scenario{.expect = expect};
  for (std::size_t i = 0; i < count; ++i) {
    scenario.attack.push_back(Talk(i, kDnsPort).question(make(i)));
  }
  warm_up(scenario);
  return scenario;
}
Scenario replies(std::size_t count, ByteVector (*make)(std::size_t), Expect expect) {
  Scenario scenario{.expect = expect};
  for (std::size_t i = 0; i < count; ++i) {
    scenario.attack.push_back(Talk(i, kDnsPort).reply(make(i)));
  }
  warm_up(scenario);
  return scenario;
}

ByteVector plain_question(std::size_t number) {
  return test::dns_query("www" + std::to_string(number) + ".example.com");
}
Scenario ordinary_question() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 1'024; ++i) {
    scenario.attack.push_back(Talk(kOrdinaryTalks + i, kDnsPort).question(plain_question(i)));
  }
  return scenario;
}
Scenario questions_of_many_labels() {
  return questions(
      2'000, [](std::size_t i) { return test::dns_query(many_labels(i, 125, "com")); },
      Expect::pass);
}
Scenario questions_below_rules() {
  return questions(
      2'000, [](std::size_t i) { return test::dns_query(many_labels(i, 115, rule_text(i * 37))); },
      Expect::drop);
}
Scenario questions_below_globs() {
  return questions(
      2'000,
      [](std::size_t i) {
        std::string label(63, 'a');
        label[i % 60] = 'c';
        return test::dns_query(label + '.' + label + '.' + std::string(kGlobSuffix));
      },
      Expect::any);
}
ByteVector chained_questions(std::size_t count) {
  ByteVector message = header(kQuery, count, 0);
  const std::size_t chain = message.size() + 6 * count;
  const std::size_t last = chain + 3 + 4 * (kLinks - 2);
  for (std::size_t i = 0; i < count; ++i) {
    append_pointer(message, last - 4 * i);
    append_u16(message, 1);
    append_u16(message, 1);
  }
  append_chain(message);
  return message;
}
Scenario chained_question() {
  return questions(500, [](std::size_t) { return chained_questions(1); }, Expect::any);
}
Scenario eight_questions() {
  return questions(500, [](std::size_t) { return chained_questions(8); }, Expect::any);
}
Scenario sixteen_questions() {
  return questions(500, [](std::size_t) { return chained_questions(16); }, Expect::any);
}
// Names of many labels, different in each packet: five of their own, the others a label longer.
ByteVector long_questions(std::size_t number, std::size_t count) {
  constexpr std::size_t kOwn = 5;
  ByteVector message = header(kQuery, count, 0);
  for (std::size_t i = 0; i < kOwn; ++i) {
    const ByteVector one = test::dns_query(many_labels(kOwn * number + i, 125, "com"));
    append(message, Bytes(one).subspan(12));
  }
  for (std::size_t i = kOwn; i < count; ++i) {
    append_u8(message, 1);
    append_u8(message, 'a' + static_cast<unsigned>(i));
    append_pointer(message, 12 + 2 * i);
    append_u16(message, 1);
    append_u16(message, 1);
  }
  return message;
}
Scenario eight_long_questions() {
  return questions(500, [](std::size_t i) { return long_questions(i, 8); }, Expect::any);
}
Scenario sixteen_long_questions() {
  return questions(500, [](std::size_t i) { return long_questions(i, 16); }, Expect::any);
}

// An answer full of aliases, which all lead to long names of a chain.
ByteVector aliases(std::size_t size) {
  constexpr std::size_t kRecord = 14;
  const std::size_t count = (size - 12 - 4 * kLinks - 12) / kRecord;
  ByteVector message = header(kResponse, 1, count);
  const std::size_t question = message.size();
  const std::size_t chain = question + 6;
  append_pointer(message, chain + 3 + 4 * (kLinks - 2));
  append_u16(message, 1);
  append_u16(message, 1);
  append_chain(message);
  const std::size_t last = chain + 3 + 4 * (kLinks - 2);
  // The chain is the data of the first record: only records may follow the question.
  ByteVector result(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(chain));
  const Bytes links = Bytes(message).subspan(chain);
  // Owner: the root. Type: NULL. The header of the record moves the chain by 11 bytes.
  constexpr std::size_t kHead = 11;
  append_u8(result, 0);
  append_u16(result, 10);
  append_u16(result, 1);
  append_u32(result, 60);
  append_u16(result, static_cast<unsigned>(links.size()));
  append_chain(result);
  result[question] = static_cast<std::byte>(0xc0 | (last + kHead) >> 8);
  result[question + 1] = static_cast<std::byte>((last + kHead) & 0xff);
  for (std::size_t i = 1; i < count; ++i) {
    append_pointer(result, last + kHead);
    append_u16(result, kCname);
    append_u16(result, 1);
    append_u32(result, 60);
    append_u16(result, 2);
    append_pointer(result, last + kHead - 4 * (i % 4));
  }
  return result;
}
// Aliases that lead to different names.
ByteVector distinct_aliases(std::size_t size, std::size_t number) {
  constexpr std::size_t kRecord = 12 + 7;
  const std::size_t count = (size - 40) / kRecord;
  ByteVector message = test::dns_query("example.com");
  const ByteVector head = header(kResponse, 1, count);
  std::ranges::copy(head, message.begin());
  Random random(number);
  for (std::size_t i = 0; i < count; ++i) {
    append_pointer(message, 12);
    append_u16(message, kCname);
    append_u16(message, 1);
    append_u32(message, 60);
    append_u16(message, 7);
    append_u8(message, 4);
    append_u32(message, static_cast<std::uint32_t>(random.next()) | 0x40404040U);
    append_pointer(message, 20);  // com
  }
  return message;
}
ByteVector addresses(std::size_t size) {
  constexpr std::size_t kRecord = 16;
  const std::size_t count = (size - 40) / kRecord;
  ByteVector message = test::dns_query("example.com");
  const ByteVector head = header(kResponse, 1, count);
  std::ranges::copy(head, message.begin());
  for (std::size_t i = 0; i < count; ++i) {
    append_pointer(message, 12);
    append_u16(message, 1);
    append_u16(message, 1);
    append_u32(message, 60);
    append_u16(message, 4);
    append_u32(message, 0x14000000U + static_cast<std::uint32_t>(i));
  }
  return message;
}
// The smallest HTTPS records with keys for ECH.
ByteVector keys(std::size_t size) {
  constexpr std::size_t kRecord = 12 + 2 + 1 + 4 + 4;
  const std::size_t count = (size - 40) / kRecord;
  ByteVector message = test::dns_query("example.com", {.qtype = kHttps});
  const ByteVector head = header(kResponse, 1, count);
  std::ranges::copy(head, message.begin());
  for (std::size_t i = 0; i < count; ++i) {
    append_pointer(message, 12);
    append_u16(message, kHttps);
    append_u16(message, 1);
    append_u32(message, 60);
    append_u16(message, 11);
    append_u16(message, 1);
    append_u8(message, 0);
    append_u16(message, 5);
    append_u16(message, 4);
    append_u32(message, 0xecececec);
  }
  return message;
}

Scenario ordinary_answer() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 1'024; ++i) {
    ByteVector message = addresses(40 + 4 * 16);
    scenario.attack.push_back(Talk(kOrdinaryTalks + i, kDnsPort).reply(message));
  }
  return scenario;
}
Scenario answers_of_aliases() {
  return replies(500, [](std::size_t) { return aliases(kUdpPayload); }, Expect::any);
}
Scenario answers_of_distinct_aliases() {
  return replies(500, [](std::size_t i) { return distinct_aliases(kUdpPayload, i); }, Expect::any);
}
// The gateway learns addresses from answers to questions that it saw.
Scenario answers_of_addresses() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 500; ++i) {
    scenario.opening.push_back(Talk(i, kDnsPort).question(test::dns_query("example.com")));
    scenario.attack.push_back(Talk(i, kDnsPort).reply(addresses(kUdpPayload)));
  }
  return scenario;
}
Scenario answers_of_keys() {
  Scenario scenario = replies(500, [](std::size_t) { return keys(kUdpPayload); }, Expect::any);
  scenario.ech = policy::Ech::strip;
  return scenario;
}

// Over TCP.
Scenario answers_over_tcp(const ByteVector& stream, std::size_t segment,
                          policy::Ech ech = policy::Ech::allow) {
  const Talk talk(0, kDnsPort);
  const ByteVector question = test::framed(test::dns_query("example.com"));
  Scenario scenario{.opening = talk.handshake(), .ech = ech};
  scenario.opening.push_back(talk.data(0, question));
  scenario.opening.push_back(talk.acknowledge(question.size()));
  for (const Piece& piece : pieces(stream.size(), segment)) {
    scenario.attack.push_back(
        talk.answer(piece.at, Bytes(stream).subspan(piece.at, piece.size), question.size()));
  }
  return scenario;
}
Scenario reversed_attack(Scenario scenario) {
  std::ranges::reverse(scenario.attack);
  return scenario;
}
ByteVector shortest_answers(std::size_t size) {
  return repeated(as_text(test::framed(header(kResponse, 0, 0))), size);
}
ByteVector empty_messages(std::size_t size) {
  ByteVector stream = test::framed(header(kResponse, 0, 0));
  stream.resize(size);
  return stream;
}
constexpr std::size_t kLongest = 65'000;

Scenario tcp_shortest_answers() {
  return answers_over_tcp(shortest_answers(kLongest), kMss);
}
Scenario tcp_shortest_answers_reversed() {
  return reversed_attack(answers_over_tcp(shortest_answers(kLongest), kMss));
}
Scenario tcp_empty_messages() {
  return answers_over_tcp(empty_messages(19'000), kMss);
}
Scenario tcp_shortest_answers_strip() {
  return answers_over_tcp(shortest_answers(20'000), 100, policy::Ech::strip);
}
Scenario tcp_empty_messages_strip() {
  return answers_over_tcp(empty_messages(20'000), 10, policy::Ech::strip);
}
Scenario tcp_longest_aliases() {
  return answers_over_tcp(test::framed(aliases(kLongest)), kMss);
}
Scenario tcp_longest_distinct_aliases() {
  return answers_over_tcp(test::framed(distinct_aliases(kLongest, 7)), kMss);
}
Scenario tcp_longest_keys() {
  return answers_over_tcp(test::framed(keys(kLongest)), kMss, policy::Ech::strip);
}
// The client acknowledges one message at a time, while 19 KB of them are kept.
Scenario tcp_answers_received() {
  Scenario scenario = answers_over_tcp(shortest_answers(19'600), kMss);
  add(scenario.opening, std::move(scenario.attack));
  scenario.attack.clear();
  const Talk talk(0, kDnsPort);
  const std::size_t asked = test::framed(test::dns_query("example.com")).size();
  for (std::size_t at = 14; at < 19'000; at += 14) {
    scenario.attack.push_back(talk.received(asked, at));
  }
  return scenario;
}
Scenario tcp_questions() {
  const Talk talk(0, kDnsPort);
  Scenario scenario{.opening = talk.handshake()};
  const ByteVector question = test::framed(test::dns_query("a.b"));
  const ByteVector stream = repeated(as_text(question), 70'000);
  scenario.attack = segments(talk, stream, pieces(stream.size(), kMss));
  return scenario;
}
Scenario tcp_questions_reversed() {
  return reversed_attack(tcp_questions());
}
Scenario tcp_empty_questions_reversed() {
  const Talk talk(0, kDnsPort);
  Scenario scenario{.opening = talk.handshake()};
  const ByteVector stream(70'000);
  scenario.attack = segments(talk, stream, reversed(pieces(stream.size(), kMss)));
  return scenario;
}
Scenario tcp_question_byte_by_byte() {
  const Talk talk(0, kDnsPort);
  Scenario scenario{.opening = talk.handshake()};
  ByteVector message = chained_questions(16);
  message.resize(20'000);
  const ByteVector stream = test::framed(message);
  scenario.attack = segments(talk, stream, pieces(stream.size(), 1));
  return scenario;
}

constexpr ScenarioEntry kScenarios[] = {
    {"dns", kOrdinary, ordinary_question},
    {"dns", "a name of 126 labels", questions_of_many_labels},
    {"dns", "a name of 117 labels below a rule", questions_below_rules},
    {"dns", "a name below five globs", questions_below_globs},
    {"dns", "63 pointers", chained_question},
    {"dns", "8 questions of 63 pointers", eight_questions},
    {"dns", "16 questions of 63 pointers", sixteen_questions},
    {"dns", "8 questions of up to 126 labels", eight_long_questions},
    {"dns", "16 questions of up to 126 labels", sixteen_long_questions},
    {"answer", kOrdinary, ordinary_answer},
    {"answer", "1,400 bytes of aliases, 63 pointers each", answers_of_aliases},
    {"answer", "1,400 bytes of distinct aliases", answers_of_distinct_aliases},
    {"answer", "1,400 bytes of addresses", answers_of_addresses},
    {"answer", "1,400 bytes of ECH keys, stripped", answers_of_keys},
    {"dns tcp", kOrdinary, ordinary_answer},
    {"dns tcp", "70 KB of questions", tcp_questions},
    {"dns tcp", "70 KB of questions, reversed", tcp_questions_reversed},
    {"dns tcp", "70 KB of empty messages, reversed", tcp_empty_questions_reversed},
    {"dns tcp", "a 20 KB question byte by byte", tcp_question_byte_by_byte},
    {"dns tcp", "65 KB of shortest answers", tcp_shortest_answers},
    {"dns tcp", "65 KB of shortest answers, reversed", tcp_shortest_answers_reversed},
    {"dns tcp", "19 KB of empty answers", tcp_empty_messages},
    {"dns tcp", "20 KB of shortest answers, ech = strip", tcp_shortest_answers_strip},
    {"dns tcp", "20 KB of empty answers, ech = strip", tcp_empty_messages_strip},
    {"dns tcp", "answers taken one by one, 19 KB held", tcp_answers_received},
    {"dns tcp", "a 65 KB answer of aliases, 63 pointers", tcp_longest_aliases},
    {"dns tcp", "a 65 KB answer of distinct aliases", tcp_longest_distinct_aliases},
    {"dns tcp", "a 65 KB answer of ECH keys, ech = strip", tcp_longest_keys},
};

}  // namespace

std::span<const ScenarioEntry> dns_scenarios() {
  return kScenarios;
}

}  // namespace sluice::bench
