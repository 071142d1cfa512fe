// Several workers decide as one does: a flow, both directions and its fragments belong to one
// worker, and workers tell each other where names lead.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/engine/lab.h"
#include "tests/gateway/engine/quic_lab.h"
#include "tests/support/dns_response.h"
#include "tests/support/fragments.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::Lab;
using test::LabOptions;

struct Step {
  ByteVector frame;
  Side side = Side::inside;
};
using Talk = std::vector<Step>;

std::string client(std::size_t number) {
  return "192.0." + std::to_string(2 + number / 200) + "." + std::to_string(1 + number % 200);
}

// A hello, and what follows it.
Talk hello_talk(std::size_t number, std::string_view name) {
  const Connection connection(client(number) + ":5000",
                              "198.51.100." + std::to_string(1 + number % 50) + ":443");
  const ByteVector hello = test::hello(name);
  const std::size_t half = hello.size() / 2;
  return {{connection.syn()},
          {connection.syn_ack(), Side::outside},
          {connection.data(0, Bytes(hello).first(half))},
          {connection.data(half, Bytes(hello).subspan(half))},
          {connection.acknowledge(hello.size(), "answer"), Side::outside},
          {connection.data(hello.size(), test::byte_vector("more"))}};
}

Talk quic_talk(std::size_t number, std::string_view name) {
  const std::string from = client(number) + ":6000", to = "198.51.100.9:443";
  return {{FrameBuilder(from, to).payload(test::whole_hello(name)).build()},
          {FrameBuilder(from, to).payload(test::quic_short({}, 60)).build()}};
}

// A question in fragments.
Talk fragment_talk(std::size_t number, std::string_view name) {
  const ByteVector whole = FrameBuilder(client(number) + ":7000", "198.51.100.53:53")
                               .payload(test::dns_query(name, {.cookie = 40}))
                               .build();
  const auto piece = [&](std::size_t from, std::size_t to) {
    return test::fragment_of(whole, from, to, {.id = static_cast<std::uint32_t>(number)});
  };
  return {{piece(24, 1000)}, {piece(0, 24)}};
}

// A look-up of a banned name by a client that may have it, and another client's nameless flow to
// the address: only who has heard of the answer can tell.
Talk lease_talk(std::size_t number) {
  const std::string resolver = "198.51.100.53:53";
  const std::string asking = "10.0.0." + std::to_string(1 + number % 200) + ":4000";
  const std::string address = "203.0.113." + std::to_string(1 + number % 200);
  const std::string name = "a" + std::to_string(number) + ".wechat.com";
  const Connection nameless(client(number) + ":8000", address + ":9000");
  return {{FrameBuilder(asking, resolver).payload(test::dns_query(name)).build()},
          {FrameBuilder(resolver, asking)
               .payload(test::DnsResponse(name).a(name, address).build())
               .build(),
           Side::outside},
          {nameless.syn()},
          {nameless.syn_ack(), Side::outside},
          {nameless.data(0, test::byte_vector(std::string(64, '\x01')))},
          {nameless.data(64, test::byte_vector("more"))}};
}

std::vector<Talk> talks() {
  std::vector<Talk> all;
  for (std::size_t i = 0; i < 200; ++i) {
    const bool banned = i % 3 == 0;
    const std::string name = banned ? "web.wechat.com" : "www.example.io";
    all.push_back(hello_talk(i, name));
    all.push_back(quic_talk(i, name));
    all.push_back(fragment_talk(i, name));
    all.push_back(lease_talk(i));
  }
  return all;
}

// One capture of all of them, each in its own order.
Talk capture(std::mt19937& random) {
  const std::vector<Talk> all = talks();
  std::vector<std::size_t> turns;
  for (std::size_t i = 0; i < all.size(); ++i) turns.insert(turns.end(), all[i].size(), i);
  std::ranges::shuffle(turns, random);
  std::vector<std::size_t> next(all.size(), 0);
  Talk frames;
  for (const std::size_t turn : turns) frames.push_back(all[turn][next[turn]++]);
  return frames;
}

LabOptions options(std::size_t workers) {
  LabOptions options;
  options.dns = test::trusting("198.51.100.53");
  options.clients = "192.0.0.0/16";
  options.workers = workers;
  options.can.sides = true;
  options.limits = {.flows = 4096,
                    .streams = 512,
                    .leases = {.leases = 512, .innocents = 512},
                    .questions = 512,
                    .named_datagrams = 512,
                    .fragments = {.datagrams = 256},
                    .hellos = {.flows = 1024, .streams = 64, .clients = 1024}};
  return options;
}

TEST(TwoWorkers, DecideAsOneDoes) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    const Talk frames = capture(random);
    Lab one(options(1)), two(options(2)), five(options(5));
    std::size_t dropped = 0;
    for (const Step& step : frames) {
      const Verdict expected = one.send(step.frame, step.side);
      ASSERT_EQ(two.send(step.frame, step.side), expected);
      ASSERT_EQ(five.send(step.frame, step.side), expected);
      dropped += io::passes(expected) ? 0U : 1U;
    }
    EXPECT_GT(dropped, 400U);
    EXPECT_GT(two.lanes[1]->counters->packets.value(), frames.size() / 4);
    EXPECT_GT(two.lanes[0]->counters->packets.value(), frames.size() / 4);
    EXPECT_EQ(two.lanes[0]->counters->leases.value(), one.counters->leases.value());
    EXPECT_EQ(two.lanes[1]->counters->leases.value(), one.counters->leases.value());
  }
}

TEST(TwoWorkers, WithoutAnExchangeOneDoesNotKnowWhatTheOtherSaw) {
  Lab one(options(1)), other(options(1));
  const Talk talk = lease_talk(1);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(io::passes(one.send(talk[i].frame, talk[i].side)));
  }
  for (std::size_t i = 2; i < talk.size(); ++i) {
    EXPECT_TRUE(io::passes(other.send(talk[i].frame, talk[i].side)));
  }
}

// Each in a thread of its own, as the gateway runs them.
TEST(TwoWorkers, LearnFromEachOtherWhileBothRun) {
  Lab lab(options(2));
  const auto run = [&](std::size_t number) {
    Lab::Lane& lane = *lab.lanes[number];
    std::vector<Talk> mine;
    for (std::size_t i = number; i < 200; i += 2) mine.push_back(lease_talk(i));
    Nanos now = lab.now;
    for (const Talk& talk : mine) {
      for (std::size_t i = 0; i < 2; ++i) {
        lane.dataplane.clear();
        lane.dataplane.add({.bytes = talk[i].frame,
                            .side = talk[i].side,
                            .wire_length = static_cast<std::uint32_t>(talk[i].frame.size()),
                            .time = now += std::chrono::milliseconds(1)});
        static_cast<void>(lane.worker->run_batch());
      }
    }
  };
  {
    const std::jthread first(run, 0), second(run, 1);
  }
  for (const auto& lane : lab.lanes) {
    lane->dataplane.clear();
    for (int i = 0; i < 4; ++i) static_cast<void>(lane->worker->run_batch());
    EXPECT_EQ(lane->counters->leases.value(), 200U);
    EXPECT_EQ(lane->counters->evidence_lost.value(), 0U);
  }
}

TEST(EvidenceExchange, AFullRingLosesTheFactForThatWorkerAndSaysSo) {
  EvidenceExchange exchange(3);
  const AddressFact fact{.address = *IpAddress::parse("203.0.113.1"),
                         .banned = {},
                         .learned = Nanos(1),
                         .life = Nanos(2)};
  std::size_t lost = 0;
  for (std::size_t i = 0; i < EvidenceExchange::kFacts + 5; ++i) lost += exchange.post(0, fact);
  EXPECT_EQ(lost, 2U * 5U);
  std::size_t taken = 0;
  exchange.take(1, [&](const AddressFact&) { ++taken; }, 10);
  EXPECT_EQ(taken, 10U);
  EXPECT_EQ(exchange.post(0, fact), 1U);
  exchange.take(0, [&](const AddressFact&) { FAIL() << "nobody posted for the first"; });
}

}  // namespace
}  // namespace sluice::engine
