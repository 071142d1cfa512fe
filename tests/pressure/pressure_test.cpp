// Floods of each kind, from one client and from many, and a probe client: its banned names stay
// banned, and its ordinary names stay served.

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "tests/gateway/engine/lab.h"
#include "tests/pressure/probes.h"

namespace sluice::pressure {
namespace {

using test::Lab;
using test::LabOptions;

constexpr std::size_t kFlood = 4000;  // several times what the tables hold

// The defaults, divided by 64.
LabOptions options() {
  LabOptions options;
  options.can.sides = true;
  options.limits = {.flows = 1024,
                    .streams = 32,
                    .leases = {.leases = 64, .innocents = 64},
                    .questions = 128,
                    .named_datagrams = 128,
                    .fragments = {.datagrams = 16},
                    .hellos = {.flows = 256, .streams = 32, .clients = 64}};
  return options;
}

io::Verdict last_of(Lab& lab, const Steps& steps) {
  io::Verdict verdict = io::Verdict::pass;
  for (const Step& step : steps) verdict = lab.send(step.frame, step.side);
  return verdict;
}

bool is_served(const ProbeMaker& maker, const Flood& flood, Origin origin) {
  return origin != Origin::many_clients || maker.needs == Starves::nothing ||
         maker.needs != flood.starves;
}

class Pressure : public testing::TestWithParam<std::tuple<std::size_t, Origin>> {};

TEST_P(Pressure, BannedStaysBannedAndOrdinaryStaysServed) {
  const Flood& flood = floods()[std::get<0>(GetParam())];
  const Origin origin = std::get<1>(GetParam());
  Lab lab(options());
  std::vector<Probe> banned, ordinary;
  unsigned port = 20'000;
  for (const ProbeMaker& maker : probes()) {
    banned.push_back(maker.make("a.wechat.com", ++port));
    ordinary.push_back(maker.make("a.example.io", ++port));
    last_of(lab, banned.back().before);
    if (!maker.only_banned) last_of(lab, ordinary.back().before);
  }
  for (std::size_t i = 0; i < kFlood; ++i) last_of(lab, flood.make(i, client_of(origin, i)));
  for (std::size_t i = 0; i < probes().size(); ++i) {
    const ProbeMaker& maker = probes()[i];
    EXPECT_FALSE(io::passes(last_of(lab, banned[i].after))) << maker.name;
    if (maker.only_banned || !is_served(maker, flood, origin)) continue;
    EXPECT_TRUE(io::passes(last_of(lab, ordinary[i].after))) << maker.name;
  }
  EXPECT_LE(lab.counters->flows.value(), options().limits.flows);
  EXPECT_LE(lab.counters->quic_flows.value(), options().limits.hellos.flows);
}

std::string name_of(const testing::TestParamInfo<std::tuple<std::size_t, Origin>>& info) {
  constexpr std::array kOrigins = {"_one", "_slash64", "_many"};
  const auto [flood, origin] = info.param;
  return std::string(floods()[flood].name) + kOrigins[static_cast<std::size_t>(origin)];
}

INSTANTIATE_TEST_SUITE_P(All, Pressure,
                         testing::Combine(testing::Range<std::size_t>(0, floods().size()),
                                          testing::Values(Origin::one_client, Origin::one_slash64,
                                                          Origin::many_clients)),
                         name_of);

}  // namespace
}  // namespace sluice::pressure
