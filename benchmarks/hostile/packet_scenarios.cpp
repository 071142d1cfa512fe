// IP fragments, tunnels, names against many rules, and traffic that shows no name.

#include <algorithm>

#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/talk.h"
#include "benchmarks/matcher/random.h"
#include "tests/support/dns_response.h"
#include "tests/support/fragments.h"

namespace sluice::bench {
namespace {

using test::append;
using test::byte_vector;
using test::ByteVector;

constexpr std::size_t kLongest = 65'000;

Step step_of(ByteVector frame) {
  return {.frame = std::move(frame)};
}
ByteVector question_frame(std::size_t number) {
  return Talk(number, 53).question(test::dns_query("www.example.com")).frame;
}
ByteVector datagram_frame(std::size_t number, std::size_t size) {
  return Talk(number, 9999).question(ByteVector(size, std::byte{'x'})).frame;
}

Scenario ordinary_question() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 1'024; ++i) {
    scenario.attack.push_back(step_of(question_frame(kOrdinaryTalks + i)));
  }
  return scenario;
}

Scenario fragmented(const ByteVector& frame, std::size_t size, bool reverse) {
  Scenario scenario{.expect = Expect::pass};
  for (ByteVector& piece : test::fragments_of(frame, size)) {
    scenario.attack.push_back(step_of(std::move(piece)));
  }
  if (reverse) std::ranges::reverse(scenario.attack);
  return scenario;
}
Scenario smallest_fragments() {
  return fragmented(datagram_frame(0, kLongest), 8, false);
}
Scenario smallest_fragments_reversed() {
  return fragmented(datagram_frame(0, kLongest), 8, true);
}
Scenario largest_fragments() {
  return fragmented(datagram_frame(0, kLongest), 1'400, false);
}
// The first quarter of the datagrams fills a quarter of the memory for fragments.
Scenario fragments_of_many() {
  Scenario scenario;
  for (std::size_t i = 0; i < 4'000; ++i) {
    scenario.attack.push_back(step_of(test::fragment_of(datagram_frame(i, 64), 0, 16)));
  }
  return scenario;
}
// All from one source, which evicts its own.
Scenario fragments_of_one() {
  Scenario scenario;
  for (std::uint32_t i = 0; i < 4'000; ++i) {
    scenario.attack.push_back(step_of(test::fragment_of(datagram_frame(0, 64), 0, 16, {.id = i})));
  }
  return scenario;
}
// An answer full of aliases, in fragments.
Scenario fragmented_answer() {
  test::DnsResponse response("www.example.com");
  const Talk talk(0, 53);
  for (int i = 0; i < 3'500; ++i) {
    const std::string target = std::to_string(i) + ".example.com";
    response.raw("www.example.com", 5, [&] {
      ByteVector name;
      test::append_u8(name, static_cast<unsigned>(target.find('.')));
      append(name, as_bytes(std::string_view(target).substr(0, target.find('.'))));
      test::append_u16(name, 0xc010);
      return name;
    }());
  }
  Scenario scenario;
  for (ByteVector& piece : test::fragments_of(talk.reply(response.build()).frame, 1'400)) {
    scenario.attack.push_back({.frame = std::move(piece), .side = io::Side::outside});
  }
  return scenario;
}

ByteVector in_ip(ByteVector frame, unsigned depth) {
  for (unsigned i = 0; i < depth; ++i) {
    frame = test::ip_frame("192.0.2.7", "198.51.100.7", 4, test::without_ethernet(frame));
  }
  return frame;
}
Scenario tunnels() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 1'024; ++i) {
    scenario.attack.push_back(step_of(in_ip(question_frame(i), 4)));
  }
  return scenario;
}
Scenario vxlan() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 1'024; ++i) {
    ByteVector frame = question_frame(i);
    for (int depth = 0; depth < 4; ++depth) {
      ByteVector payload = byte_vector(std::string_view("\x08\0\0\0\0\0\x05\0", 8));
      append(payload, frame);
      frame = Talk(i, 4789).question(payload).frame;
    }
    scenario.attack.push_back(step_of(std::move(frame)));
  }
  return scenario;
}
// The most IPv6 destination options of 8 bytes that fit.
Scenario extension_headers() {
  Scenario scenario;
  constexpr unsigned kOptions = 60;
  ByteVector payload;
  for (int i = 0; i < 170; ++i) {
    append(payload, byte_vector(std::string_view("\x3c\0\1\4\0\0\0\0", 8)));
  }
  payload[payload.size() - 8] = std::byte{17};
  for (std::size_t i = 0; i < 256; ++i) {
    scenario.attack.push_back(step_of(
        test::ip_frame("2001:db8::" + std::to_string(i + 1), "2001:db8:1::1", kOptions, payload)));
  }
  return scenario;
}

// Hellos with a different name in each packet, so that no lookup is in a cache.

std::string random_labels(Random& random, std::size_t labels) {
  std::string text;
  for (std::size_t i = 0; i < labels; ++i) {
    text += static_cast<char>('a' + random.below(26));
    text += '.';
  }
  return text;
}
Scenario hellos(std::string (*name)(Random&), Expect expect) {
  Scenario scenario{.expect = expect};
  Random random(11);
  for (std::size_t i = 0; i < 1'000; ++i) {
    add(scenario.opening, Talk(i).handshake());
    scenario.attack.push_back(Talk(i).data(0, test::tls_records(test::client_hello(name(random)))));
  }
  warm_up(scenario);
  return scenario;
}
Scenario ordinary_hello() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 256; ++i) {
    const Talk talk(kOrdinaryTalks + i);
    add(scenario.opening, talk.handshake());
    scenario.attack.push_back(
        talk.data(0, test::tls_records(test::client_hello("www.example.com"))));
  }
  return scenario;
}
Scenario hellos_of_many_labels() {
  return hellos([](Random& random) { return random_labels(random, 125) + "com"; }, Expect::pass);
}
Scenario hellos_below_rules() {
  return hellos(
      [](Random& random) { return random_labels(random, 115) + rule_text(random.below(kRules)); },
      Expect::drop);
}
Scenario hellos_below_globs() {
  return hellos(
      [](Random& random) {
        std::string label(63, 'a');
        label[random.below(60)] = 'c';
        return label + '.' + label + '.' + label + '.' + std::string(kGlobSuffix);
      },
      Expect::any);
}

// Traffic without names, to known and to unknown addresses.

std::string address_of(unsigned network, std::size_t number) {
  return std::to_string(network) + "." + std::to_string(number / 65536 % 256) + "." +
         std::to_string(number / 256 % 256) + "." + std::to_string(number % 256);
}

// Fills the tables of leases and of innocent addresses: answers to a client without a policy.
Steps full_tables() {
  constexpr std::size_t kLeases = 4'096, kInnocents = 32'768;
  Steps steps;
  const std::string server = "198.51.100.53:53";
  for (std::size_t i = 0; i < kLeases + kInnocents; ++i) {
    const std::string name = i < kLeases ? std::string(kBanned) : "www.example.com";
    const std::string client = "172.16.0.1:" + std::to_string(1'024 + i % 60'000);
    const std::string address = address_of(i < kLeases ? 20 : 21, i);
    steps.push_back(
        step_of(test::FrameBuilder(client, server).payload(test::dns_query(name)).build()));
    steps.push_back({.frame = test::FrameBuilder(server, client)
                                  .payload(test::DnsResponse(name).a(name, address, 80'000).build())
                                  .build(),
                     .side = io::Side::outside});
  }
  return steps;
}
Scenario nameless_datagrams(unsigned network, Expect expect) {
  Scenario scenario{.opening = full_tables(), .expect = expect};
  Random random(5);
  for (std::size_t i = 0; i < 2'000; ++i) {
    const std::string server = address_of(network, random.below(4'096)) + ":9999";
    scenario.attack.push_back(
        step_of(test::FrameBuilder(client_of(i), server).payload("nothing").build()));
  }
  warm_up(scenario);
  return scenario;
}
Scenario nameless_to_leases() {
  return nameless_datagrams(20, Expect::drop);
}
Scenario nameless_to_unknown() {
  return nameless_datagrams(22, Expect::pass);
}
Scenario nameless_streams() {
  Scenario scenario{.opening = full_tables(), .expect = Expect::drop};
  Random random(5);
  for (std::size_t i = 0; i < 2'000; ++i) {
    const std::string server = address_of(20, random.below(4'096)) + ":9999";
    const std::string client = client_of(i);
    scenario.opening.push_back(
        step_of(test::FrameBuilder(client, server).tcp(999, 0, "S").build()));
    scenario.opening.push_back(
        {.frame = test::FrameBuilder(server, client).tcp(4999, 1000, "SA").build(),
         .side = io::Side::outside});
    scenario.attack.push_back(step_of(test::FrameBuilder(client, server)
                                          .tcp(1000, 5000, "PA")
                                          .payload("\x01\x02nothing")
                                          .build()));
  }
  warm_up(scenario);
  return scenario;
}

constexpr ScenarioEntry kScenarios[] = {
    {"ip", kOrdinary, ordinary_question},
    {"ip", "65 KB in fragments of 8 bytes", smallest_fragments},
    {"ip", "65 KB in fragments of 8 bytes, reversed", smallest_fragments_reversed},
    {"ip", "65 KB in fragments of 1,400 bytes", largest_fragments},
    {"ip", "first fragments of many sources", fragments_of_many},
    {"ip", "first fragments of one source", fragments_of_one},
    {"ip", "a 65 KB answer of aliases in fragments", fragmented_answer},
    {"ip", "a question in 4 tunnels, IP in IP", tunnels},
    {"ip", "a question in 4 tunnels, VXLAN", vxlan},
    {"ip", "170 IPv6 extension headers", extension_headers},
    {"names", kOrdinary, ordinary_hello},
    {"names", "a hello for 126 labels", hellos_of_many_labels},
    {"names", "a hello for 117 labels below a rule", hellos_below_rules},
    {"names", "a hello below five globs", hellos_below_globs},
    {"no name", kOrdinary, ordinary_question},
    {"no name", "datagrams to leased addresses", nameless_to_leases},
    {"no name", "datagrams to unknown addresses", nameless_to_unknown},
    {"no name", "streams to leased addresses", nameless_streams},
};

}  // namespace

std::span<const ScenarioEntry> packet_scenarios() {
  return kScenarios;
}

}  // namespace sluice::bench
