#pragma once

// A whole engine on a dataplane in memory, and connections to send through it.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "filters/flow/owner.h"
#include "filters/match/domain_set_builder.h"
#include "filters/match/pseudo_name.h"
#include "filters/name/name.h"
#include "gateway/engine/worker.h"
#include "tests/support/memory_dataplane.h"
#include "tests/support/packet_builder.h"
#include "tests/support/server_hello.h"

namespace sluice::test {

inline constexpr const char* kClient = "192.0.2.1:5000";
inline constexpr const char* kResolver = "198.51.100.53:53";

[[nodiscard]] inline ByteVector hello(std::string_view name) {
  return tls_records(client_hello(name));
}

// DNS on port 53, and a resolver that is believed on where banned names lead.
[[nodiscard]] inline policy::DnsScope trusting(std::string_view resolver) {
  policy::DnsScope scope;
  scope.trusted[0] = *IpPrefix::parse(resolver);
  scope.trusted_count = 1;
  return scope;
}

// Engine tests run twice, with this on and off: offload_on.cpp, offload_off.cpp.
extern const bool kLabOffloads;

struct LabOptions {
  policy::Action action = policy::Action::drop;
  policy::DnsAnswer answer{};  // of `reject`
  // Names that are banned too, with answers of their own; several may be of one name.
  std::vector<std::pair<const char*, match::Answer>> own_answers{};
  policy::Fallbacks fallbacks;
  policy::DnsScope dns{};
  // Small, because tests set up hundreds of labs.
  engine::JudgeLimits limits{.flows = 64,
                             .streams = 8,
                             .leases = {.leases = 16, .innocents = 16},
                             .questions = 64,
                             .named_datagrams = 64,
                             .fragments = {.datagrams = 16},
                             .hellos = {.flows = 64, .streams = 8, .clients = 64}};
  io::Capabilities can{.drop = true, .inject = true, .replace = true};
  bool offload = kLabOffloads;  // the dataplane keeps verdicts for flows: can.flow_verdicts
  FlowEntries::Limits entries;  // if it does
  bool enforce = true;
  std::size_t workers = 1;  // frames go to the worker that owns them
  flow::Routes routes = flow::Routes::symmetric;
  std::vector<const char*> addresses = {};   // banned ranges of the app; `@@` in front: let through
  std::vector<const char*> signatures = {};  // banned ones
  std::string_view clients{};                // a prefix; empty: every client
  std::size_t suggested_names = 0;           // of each worker; 0: no suggestions
};

// App `wechat` is banned by `wechat.com` for every client, but for `open.wechat.com`.
[[nodiscard]] inline std::shared_ptr<const engine::Snapshot> wechat_ban(
    const LabOptions& options = {}) {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("wechat");
  const match::ListId list = *builder.list("wechat", "0123456789abcdef");
  builder.add(*name::Name::from_text("wechat.com"), match::EntryKind::suffix, app, list, 1).value();
  for (const char* signature : options.signatures) {
    builder.add(match::signature_name(signature), match::EntryKind::exact, app, list, 4).value();
  }
  builder.add(*name::Name::from_text("open.wechat.com"), match::EntryKind::exception, app, list, 2)
      .value();
  for (const auto& [text, answer] : options.own_answers) {
    const name::Name name = *name::Name::from_text(text);
    builder.add({.name = name.wire(), .app = app, .list = list, .line = 90, .answer = answer})
        .value();
  }
  std::uint32_t line = 2;
  for (std::string_view range : options.addresses) {
    const bool exception = range.starts_with("@@");
    if (exception) range.remove_prefix(2);
    builder
        .add(*IpPrefix::parse(range),
             exception ? match::EntryKind::exact_exception : match::EntryKind::exact, app, list,
             ++line)
        .value();
  }
  auto snapshot = std::make_shared<engine::Snapshot>();
  policy::Policy policy{.name = "default", .action = options.action, .answer = options.answer};
  policy.apps.add(app);
  if (!options.clients.empty()) policy.clients.push_back(*IpPrefix::parse(options.clients));
  snapshot->policies = policy::PolicySet({policy});
  snapshot->domains = builder.build()->set;
  snapshot->addresses = match::AddressSet(snapshot->domains);
  snapshot->fallbacks = options.fallbacks;
  snapshot->dns = options.dns;
  return snapshot;
}

class Lab {
 public:
  explicit Lab(const LabOptions& options = {})
      : snapshots(wechat_ban(options)),
        exchange(options.workers),
        lanes(lanes_of(options)),
        dataplane(lanes[0]->dataplane),
        counters(lanes[0]->counters),
        worker(lanes[0]->worker) {}

  // Sends one frame and returns its verdict: its worker's, or that of the dataplane's entry.
  // Advances the time by a millisecond.
  io::Verdict send(const ByteVector& frame, io::Side side = io::Side::inside) {
    now += std::chrono::milliseconds(1);
    used_ = flow::owner_of_frame(frame, LinkType::ethernet, lanes.size(), kOwnerKey);
    for (const auto& lane : lanes) {
      lane->dataplane.clear();
      lane->dataplane.forget_results();
    }
    used().dataplane.add({.bytes = frame,
                          .side = side,
                          .wire_length = static_cast<std::uint32_t>(frame.size()),
                          .time = now});
    for (const auto& lane : lanes) static_cast<void>(lane->worker->run_batch());
    if (used().dataplane.foreign_keys() != 0) throw std::logic_error("a verdict for another flow");
    return used().dataplane.fates().at(0).verdict;
  }
  // Sends frames as one batch of the first worker; their fates are in `dataplane`.
  void send_together(const std::vector<ByteVector>& frames, io::Side side) {
    now += std::chrono::milliseconds(1);
    dataplane.clear();
    dataplane.forget_results();
    for (const ByteVector& frame : frames) {
      dataplane.add({.bytes = frame,
                     .side = side,
                     .wire_length = static_cast<std::uint32_t>(frame.size()),
                     .time = now});
    }
    static_cast<void>(worker->run_batch());
  }
  // The frame that is forwarded for `frame`; nullopt if none is.
  [[nodiscard]] std::optional<ByteVector> forward(const ByteVector& frame, io::Side side) {
    const io::Verdict verdict = send(frame, side);
    if (verdict == io::Verdict::replace) return used().dataplane.replaced().at(0).frame;
    return io::passes(verdict) ? std::optional(frame) : std::nullopt;
  }
  [[nodiscard]] std::uint64_t count(io::Verdict verdict, engine::Reason reason) const {
    return counters->verdicts[static_cast<std::size_t>(verdict)][static_cast<std::size_t>(reason)]
        .value();
  }
  [[nodiscard]] std::uint64_t count(engine::Reason reason) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < io::kVerdicts; ++i) sum += count(io::Verdict(i), reason);
    return sum;
  }

  engine::SnapshotCell snapshots;
  engine::Published<engine::Resolutions> resolutions{std::make_shared<engine::Resolutions>()};
  telemetry::AuditRing audit{64};  // of the first worker
  engine::EvidenceExchange exchange;
  struct Lane {
    explicit Lane(const LabOptions& options) : dataplane(can(options), options.entries) {
      if (options.suggested_names == 0) return;
      ties = std::make_unique<engine::Ties>(options.suggested_names, HashKey{7, 8});
    }

    MemoryDataplane dataplane;
    std::unique_ptr<telemetry::WorkerCounters> counters =
        std::make_unique<telemetry::WorkerCounters>();
    std::unique_ptr<engine::Ties> ties;
    std::unique_ptr<engine::Worker> worker;
  };
  std::vector<std::unique_ptr<Lane>> lanes;
  Nanos now = std::chrono::seconds(1'800'000'000);

 private:
  static constexpr HashKey kOwnerKey{5, 6};

  static io::Capabilities can(const LabOptions& options) {
    io::Capabilities can = options.can;
    can.flow_verdicts |= options.offload;
    return can;
  }

  std::unique_ptr<Lane> lane(const LabOptions& options, std::size_t number) {
    auto made = std::make_unique<Lane>(options);
    made->worker = std::make_unique<engine::Worker>(
        engine::Worker::Parts{.dataplane = made->dataplane,
                              .snapshots = snapshots,
                              .counters = *made->counters,
                              .audit = number == 0 ? &audit : nullptr,
                              .resolutions = &resolutions,
                              .routes = options.routes,
                              .evidence = {options.workers > 1 ? &exchange : nullptr, number},
                              .ties = made->ties.get()},
        options.limits, HashKey{3, 4}, options.enforce);
    return made;
  }
  std::vector<std::unique_ptr<Lane>> lanes_of(const LabOptions& options) {
    std::vector<std::unique_ptr<Lane>> made;
    for (std::size_t i = 0; i < options.workers; ++i) made.push_back(lane(options, i));
    return made;
  }
  [[nodiscard]] Lane& used() { return *lanes[used_]; }

  std::size_t used_ = 0;

 public:
  // Of the first worker: tests of one worker look at these.
  MemoryDataplane& dataplane;
  std::unique_ptr<telemetry::WorkerCounters>& counters;
  std::unique_ptr<engine::Worker>& worker;
};

// One TCP connection; offsets count in the client's stream.
class Connection {
 public:
  explicit Connection(std::string_view client = test::kClient,
                      std::string_view server = "198.51.100.2:443")
      : client_(client), server_(server) {}

  [[nodiscard]] ByteVector syn() const { return tcp(client_, server_, kClient - 1, 0, "S", {}); }
  [[nodiscard]] ByteVector syn_ack() const {
    return tcp(server_, client_, kServer - 1, kClient, "SA", {});
  }
  [[nodiscard]] ByteVector data(std::size_t offset, Bytes bytes) const {
    return tcp(client_, server_, kClient + static_cast<std::uint32_t>(offset), kServer, "PA",
               bytes);
  }
  [[nodiscard]] ByteVector acknowledge(std::size_t offset, std::string_view answer = "") const {
    return tcp(server_, client_, kServer, kClient + static_cast<std::uint32_t>(offset), "A",
               as_bytes(answer));
  }
  // From the server, at `offset` in its stream; acknowledges `acknowledged` bytes of the client's.
  [[nodiscard]] ByteVector answer(std::size_t offset, Bytes bytes, std::size_t acknowledged) const {
    return tcp(server_, client_, kServer + static_cast<std::uint32_t>(offset),
               kClient + static_cast<std::uint32_t>(acknowledged), "PA", bytes);
  }
  // The server takes a ClientHello of so many bytes.
  [[nodiscard]] ByteVector server_hello(std::size_t acknowledged) const {
    return answer(0, tls_records(test::server_hello()), acknowledged);
  }
  // The client acknowledges the server's stream up to `answered`.
  [[nodiscard]] ByteVector received(std::size_t offset, std::size_t answered) const {
    return tcp(client_, server_, kClient + static_cast<std::uint32_t>(offset),
               kServer + static_cast<std::uint32_t>(answered), "A", {});
  }
  void open(Lab& lab) const {
    lab.send(syn());
    lab.send(syn_ack(), io::Side::outside);
  }

  static constexpr std::uint32_t kClient = 1000, kServer = 5000;  // first data

 private:
  static ByteVector tcp(const std::string& from, const std::string& to, std::uint32_t sequence,
                        std::uint32_t acknowledgment, std::string_view flags, Bytes payload) {
    return FrameBuilder(from, to).tcp(sequence, acknowledgment, flags).payload(payload).build();
  }

  std::string client_, server_;
};

// The oldest audit record is of a datagram with this protocol and name.
inline void expect_audited_datagram(Lab& lab, std::string_view protocol, std::string_view name) {
  const auto* const record = lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->protocol.view(), protocol);
  EXPECT_EQ(record->transport, "udp");
  EXPECT_EQ(record->name.view(), name);
}

}  // namespace sluice::test
