// From frame to verdict, with frames in memory and the shipped lists: ns a packet by kind, and
// packets/s of a real capture (the lab's, or the one in SLUICE_BENCH_CAPTURE=FILE).

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/micro/check.h"
#include "gateway/dataplane/pcap/capture_file.h"
#include "gateway/engine/worker.h"
#include "lists/compile/compile.h"
#include "tests/support/memory_dataplane.h"
#include "tests/support/packet_builder.h"
#include "tests/support/server_hello.h"

namespace sluice::bench {
namespace {

using test::ByteVector;
using test::FrameBuilder;
using test::MemoryDataplane;

std::shared_ptr<const engine::Snapshot> shipped_ban() {
  std::vector<lists::ListSpec> specs;
  for (const char* app : {"wechat", "kaspersky", "tiktok"}) {
    specs.push_back({.name = app,
                     .source = lists::Source::file(std::string(SLUICE_SOURCE_DIR "/lists/apps/") +
                                                   app + ".list"),
                     .app = app});
  }
  auto compiled = lists::compile(specs);
  check(compiled.has_value(), "shipped lists");
  auto snapshot = std::make_shared<engine::Snapshot>();
  policy::Policy policy{.name = "default"};
  for (std::size_t i = 0; i < compiled->domains.app_count(); ++i) {
    policy.apps.add(match::AppId{static_cast<std::uint8_t>(i)});
  }
  snapshot->policies = policy::PolicySet({policy});
  snapshot->domains = std::move(compiled->domains);
  // Captures from an end host have incomplete checksums.
  snapshot->fallbacks.checksums = policy::Checksums::ignore;
  return snapshot;
}

// One engine, and frames that are sent through it repeatedly.
class Path {
 public:
  explicit Path(std::vector<ByteVector> frames)
      : frames_(std::move(frames)), snapshots_(shipped_ban()) {
    load(frames_);
  }
  [[nodiscard]] std::uint64_t packets() const { return frames_.size(); }
  // Sends other frames through the same engine.
  void go_on_with(std::vector<ByteVector> frames) {
    frames_ = std::move(frames);
    load(frames_);
  }
  [[nodiscard]] std::uint64_t passed_flow_packets() const {
    return counters_
        ->verdicts[static_cast<std::size_t>(io::Verdict::pass_flow)]
                  [static_cast<std::size_t>(engine::Reason::flow_passed)]
        .value();
  }
  // Sends all frames once; returns how many were dropped.
  std::uint64_t run() {
    const std::uint64_t before = dropped();
    dataplane_.rewind();
    static_cast<void>(worker_->run());
    return dropped() - before;
  }
  // `fresh`: each run starts with an empty flow table. The worker stays warm.
  void time(benchmark::State& state, bool fresh = false) {
    dataplane_.keep_fates(false);
    for (auto _ : state) {
      if (fresh) {
        state.PauseTiming();
        forget_flows();
        state.ResumeTiming();
      }
      run();
    }
    const auto packets =
        static_cast<double>(state.iterations()) * static_cast<double>(this->packets());
    state.counters["packets/s"] = benchmark::Counter(packets, benchmark::Counter::kIsRate);
    state.counters["s/packet"] =
        benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }

 private:
  void load(std::span<const ByteVector> frames) {
    dataplane_.clear();
    std::uint64_t number = 0;
    for (const ByteVector& frame : frames) {
      dataplane_.add({.bytes = frame,
                      .wire_length = static_cast<std::uint32_t>(frame.size()),
                      .number = ++number,
                      .time = time_});
    }
  }
  // Lets an hour pass in which only one frame comes, which is not IP.
  void forget_flows() {
    const std::array<ByteVector, 1> no_packet = {ByteVector(14)};
    time_ += std::chrono::hours(1);
    load(no_packet);
    while (counters_->flows.value() + counters_->quic_flows.value() > 0) run();
    load(frames_);
  }
  [[nodiscard]] std::uint64_t dropped() const {
    std::uint64_t sum = 0;
    for (const io::Verdict verdict : {io::Verdict::drop, io::Verdict::drop_flow}) {
      for (const auto& counter : counters_->verdicts[static_cast<std::size_t>(verdict)]) {
        sum += counter.value();
      }
    }
    return sum;
  }

  std::vector<ByteVector> frames_;
  MemoryDataplane dataplane_;
  engine::SnapshotCell snapshots_;
  std::unique_ptr<telemetry::WorkerCounters> counters_ =
      std::make_unique<telemetry::WorkerCounters>();
  Nanos time_ = std::chrono::seconds(1'700'000'000);
  std::unique_ptr<engine::Worker> worker_ = std::make_unique<engine::Worker>(
      engine::Worker::Parts{dataplane_, snapshots_, *counters_},
      engine::JudgeLimits{.flows = 65536, .streams = 256, .hellos = {.flows = 256, .streams = 16}},
      HashKey{1, 2}, true);
};

constexpr std::size_t kFrames = 1024;

void path_of_questions(benchmark::State& state, const char* name, bool banned) {
  std::vector<ByteVector> frames;
  for (std::size_t i = 0; i < kFrames; ++i) {
    frames.push_back(FrameBuilder("192.0.2.1:5000", "198.51.100.53:53")
                         .payload(test::dns_query(std::to_string(i) + name))
                         .build());
  }
  Path path(std::move(frames));
  check(path.run() == (banned ? kFrames : 0), "verdicts of questions");
  path.time(state);
}
// Of several threads each has a worker of its own, as in the gateway.
BENCHMARK_CAPTURE(path_of_questions, passed, ".static.example.com", false)
    ->ThreadRange(1, 2)
    ->UseRealTime();
BENCHMARK_CAPTURE(path_of_questions, banned, ".sgshort.wechat.com", true);

// Data of connections that were passed: the most common packets. With 50,000 connections, neither
// the flow table nor the frames fit in a cache.
void path_of_decided_flows(benchmark::State& state, std::size_t flows) {
  const auto client = [](std::size_t flow) {
    return "192.0.2." + std::to_string(flow % 250) + ":" + std::to_string(5000 + flow / 250);
  };
  const std::string server = "198.51.100.2:443";
  const ByteVector hello = test::tls_records(test::client_hello("www.example.com"), {});
  const ByteVector answer = test::tls_records(test::server_hello());
  const auto end = static_cast<std::uint32_t>(1000 + hello.size());
  std::vector<ByteVector> opening;
  for (std::size_t i = 0; i < flows; ++i) {
    const FrameBuilder up(client(i), server);
    const FrameBuilder down(server, client(i));
    opening.push_back(FrameBuilder(up).tcp(999, 0, "S").build());
    opening.push_back(FrameBuilder(down).tcp(4999, 1000, "SA").build());
    opening.push_back(FrameBuilder(up).tcp(1000, 5000, "PA").payload(hello).build());
    opening.push_back(FrameBuilder(down).tcp(5000, end, "PA").payload(answer).build());
  }
  Path path(std::move(opening));
  check(path.run() == 0, "verdicts of openings");
  std::vector<ByteVector> data;
  for (std::size_t i = 0; i < std::max(flows, kFrames); ++i) {
    data.push_back(FrameBuilder(server, client(i % flows))
                       .tcp(5000, 1016, "A")
                       .payload(ByteVector(1400))
                       .build());
  }
  const std::uint64_t packets = data.size();
  path.go_on_with(std::move(data));
  check(path.run() == 0 && path.passed_flow_packets() == packets, "verdicts of decided flows");
  path.time(state);
}
BENCHMARK_CAPTURE(path_of_decided_flows, 64, 64)->ThreadRange(1, 2)->UseRealTime();
BENCHMARK_CAPTURE(path_of_decided_flows, 50000, 50000);

void path_of_a_capture(benchmark::State& state) {
  const char* const chosen = std::getenv("SLUICE_BENCH_CAPTURE");
  const std::string file =
      chosen != nullptr ? chosen : SLUICE_SOURCE_DIR "/deploy/lab/example.pcap";
  auto capture = io::CaptureFile::open(file, {});
  check(capture.has_value(), "capture");
  std::vector<ByteVector> frames;
  io::Batch batch;
  while ((*capture)->poll(batch) == io::Poll::frames) {
    for (std::size_t i = 0; i < batch.count; ++i) {
      check(batch.frames[i].link == LinkType::ethernet, "Ethernet");
      frames.emplace_back(batch.frames[i].bytes.begin(), batch.frames[i].bytes.end());
    }
  }
  check((*capture)->error().empty() && !frames.empty(), "whole capture");
  Path path(std::move(frames));
  const std::uint64_t dropped = path.run();
  check(chosen != nullptr || dropped > 100, "banned names of the lab");
  path.time(state, true);
}
BENCHMARK(path_of_a_capture);

}  // namespace
}  // namespace sluice::bench
