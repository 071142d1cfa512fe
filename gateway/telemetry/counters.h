#pragma once

// What a worker counts. One block for each worker, written by it alone, read by the scraper at any
// time.
//
// Relaxed atomics of one writer: an increment is a plain load and store, no lock prefix. A scrape
// sees each counter at some recent moment, not all at the same one: sums may be off by the packets
// in flight. The lists below are the only place where a counter is named: they yield the
// enumerations, the label values and the help of the metrics.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::telemetry {

class Counter {
 public:
  // By the one writer only.
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Plain counters of a worker: X(name, Prometheus name, help).
#define SLUICE_COUNTERS(X)                                                                        \
  X(packets, "sluice_packets_received_total", "Frames taken from the dataplane")                  \
  X(bytes, "sluice_bytes_received_total", "ByteVector of these frames")                           \
  X(findings, "sluice_findings_total", "Names read from traffic, banned or not")                  \
  X(replies, "sluice_replies_total", "DNS answers and TCP resets of ours that went out")          \
  X(replies_failed, "sluice_replies_failed_total", "Replies that could not be made or sent")      \
  X(audit_lost, "sluice_audit_lost_total", "Audit records lost because the ring was full")        \
  X(fragments_gave_way, "sluice_fragmented_datagrams_gave_way_total",                             \
    "Fragmented packets that gave way to others before they were whole")                          \
  X(flows_created, "sluice_flows_created_total", "TCP flows entered into the table")              \
  X(overlaps, "sluice_stream_conflicts_total",                                                    \
    "Segments whose bytes differ from an earlier copy: both readings are judged")                 \
  X(address_guarded, "sluice_address_guarded_total",                                              \
    "Nameless traffic to a banned address that passed because other names lead there too")        \
  X(leases_evicted, "sluice_address_evictions_total",                                             \
    "Addresses learned from traffic that left a full table")                                      \
  X(resolutions, "sluice_resolutions_total", "Questions of the background resolver, answered")    \
  X(resolutions_failed, "sluice_resolutions_failed_total",                                        \
    "Questions of the background resolver without an answer")                                     \
  X(dataplane_lost, "sluice_dataplane_lost_total", "Frames lost before they reached us")          \
  X(dataplane_send_failed, "sluice_dataplane_send_failed_total", "Frames that could not be sent") \
  X(dataplane_oversize, "sluice_dataplane_oversize_total",                                        \
    "Frames larger than the MTU, merged by an offload: not sent")

// Levels of a worker: X(name, Prometheus name, help).
#define SLUICE_GAUGES(X)                                                                         \
  X(flows, "sluice_flows", "TCP flows in the table")                                             \
  X(flows_capacity, "sluice_flows_capacity", "TCP flows that the table can hold")                \
  X(leases, "sluice_address_leases", "Addresses that traffic showed under a banned name")        \
  X(innocent_addresses, "sluice_innocent_addresses",                                             \
    "Addresses that traffic showed under names that are not banned")                             \
  X(resolved_addresses, "sluice_resolved_addresses",                                             \
    "Addresses of banned names that the background resolver found")                              \
  X(streams, "sluice_streams", "Client streams that hold memory")                                \
  X(quic_flows, "sluice_quic_flows", "Five-tuples with QUIC or DTLS hellos in the table")        \
  X(quic_flows_capacity, "sluice_quic_flows_capacity", "Five-tuples that the table can hold")    \
  X(quic_streams, "sluice_quic_streams", "QUIC and DTLS hellos that hold memory")                \
  X(quic_streams_capacity, "sluice_quic_streams_capacity",                                       \
    "QUIC and DTLS hellos that memory is set aside for, ordinary ones")                          \
  X(streams_capacity, "sluice_streams_capacity",                                                 \
    "Ordinary client streams that have memory set aside")                                        \
  X(fragmented, "sluice_fragmented_datagrams", "Fragmented packets that are being put together") \
  X(fragmented_capacity, "sluice_fragmented_datagrams_capacity", "Fragmented packets that can be")

inline constexpr std::size_t kVerdicts = 5;      // io::Verdict
inline constexpr std::size_t kProtocols = 6;     // inspect::Protocol
inline constexpr std::size_t kActions = 4;       // policy::Action
inline constexpr std::size_t kApps = 65;         // match::kMaxApps, and one for "*"
inline constexpr std::size_t kErrorSlots = 64;   // decode and parse errors, named by the engine
inline constexpr std::size_t kReasonSlots = 64;  // engine::Reason
inline constexpr std::size_t kRemovals = 4;      // flow::Removal

// Processing time of one packet in nanoseconds, bounds of the buckets.
inline constexpr std::array<std::uint64_t, 12> kTimeBounds = {
    100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 1'000'000, 10'000'000};

struct TimeHistogram {
  std::array<Counter, kTimeBounds.size() + 1>
      buckets;  // not cumulative; the last is over all bounds
  Counter sum_nanos;
  void observe(std::uint64_t nanos) noexcept;
};

struct WorkerCounters {
#define SLUICE_X(name, metric, help) Counter name;
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
  std::array<std::array<Counter, kReasonSlots>, kVerdicts> verdicts;  // [verdict][reason]
  std::array<std::array<std::array<Counter, kActions>, kProtocols>, kApps>
      decisions;  // [app][protocol][action]
  std::array<Counter, kErrorSlots> errors;
  std::array<Counter, kRemovals> removals;
  TimeHistogram packet_time;
};

}  // namespace sluice::telemetry
