#pragma once

// What a worker counts. Each worker writes its own block; scrapers read all blocks at any time.
//
// A scrape sees each counter at some recent moment, but not all counters at the same moment: sums
// may be off by the packets in flight. The two lists below are the only place where a counter is
// named: they yield the members, and the names and help texts of the metrics.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/telemetry/counter.h"

namespace sluice::telemetry {

// Counters of a worker: X(name, Prometheus name, help).
#define SLUICE_COUNTERS(X)                                                                         \
  X(packets, "sluice_packets_received_total", "Frames taken from the dataplane")                   \
  X(bytes, "sluice_bytes_received_total", "Bytes of these frames")                                 \
  X(findings, "sluice_findings_total", "Names read from traffic, banned or not")                   \
  X(replies, "sluice_replies_total", "DNS answers and TCP resets that the gateway sent")           \
  X(replies_failed, "sluice_replies_failed_total", "Replies that could not be built or sent")      \
  X(audit_suppressed, "sluice_audit_suppressed_total",                                             \
    "Packets that could not be judged, dropped without an audit record of their own")              \
  X(audit_lost, "sluice_audit_lost_total", "Audit records lost because the ring was full")         \
  X(fragments_evicted, "sluice_fragmented_datagrams_evicted_total",                                \
    "Fragmented packets that were evicted before all fragments had come")                          \
  X(flows_created, "sluice_flows_created_total", "TCP flows entered into the table")               \
  X(overlaps, "sluice_stream_conflicts_total", "Segments whose bytes differ from an earlier copy") \
  X(examined, "sluice_stream_bytes_examined_total",                                                \
    "Bytes that parsers looked at in clients' TCP streams")                                        \
  X(address_guarded, "sluice_address_guarded_total",                                               \
    "Flows without a name that passed to a banned address because names that are not banned "      \
    "share it")                                                                                    \
  X(evidence_lost, "sluice_address_evidence_lost_total",                                           \
    "Addresses learned by one worker that another one had no room to hear of")                     \
  X(ties, "sluice_suggest_ties_total",                                                             \
    "Sightings that tie a name which no list has to a banned app, where [suggest] is on")          \
  X(ties_refused, "sluice_suggest_refused_total",                                                  \
    "Of these, those of new names that the table had no room for")                                 \
  X(leases_evicted, "sluice_address_evictions_total",                                              \
    "Addresses learned from traffic that a full table evicted")                                    \
  X(dataplane_lost, "sluice_dataplane_lost_total",                                                 \
    "Frames that the kernel or the NIC lost before the gateway read them")                         \
  X(dataplane_send_failed, "sluice_dataplane_send_failed_total", "Frames that could not be sent")  \
  X(dataplane_oversize, "sluice_dataplane_oversize_total",                                         \
    "Frames that were not sent because they are larger than the MTU: an offload merged them")      \
  X(kernel_passed, "sluice_kernel_passed_total",                                                   \
    "Frames that the XDP program passed: decided flows, and what shows no names")                  \
  X(kernel_dropped, "sluice_kernel_dropped_total", "Frames of decided flows that it dropped")      \
  X(failed_open, "sluice_failed_open_total",                                                       \
    "Frames that needed a judge and passed because no worker was at work")                         \
  X(failed_closed, "sluice_failed_closed_total",                                                   \
    "Frames that needed a judge and were dropped because no worker was at work")                   \
  X(entries_failed, "sluice_kernel_entries_failed_total",                                          \
    "Decided flows of which the kernel made no entry")

// Gauges of a worker: X(name, Prometheus name, help).
#define SLUICE_GAUGES(X)                                                                        \
  X(flows, "sluice_flows", "TCP flows in the table")                                            \
  X(flows_capacity, "sluice_flows_capacity", "TCP flows that the table can hold")               \
  X(native_ports, "sluice_xdp_native_ports",                                                    \
    "Interfaces whose driver runs the XDP program itself: 2 at full speed, 0 with libpcap")     \
  X(leases, "sluice_address_leases", "Addresses that trusted resolvers gave for a banned name") \
  X(innocent_addresses, "sluice_innocent_addresses",                                            \
    "Addresses at which connections showed names that are not banned")                          \
  X(streams, "sluice_streams", "Client streams that hold memory")                               \
  X(streams_capacity, "sluice_streams_capacity",                                                \
    "Client streams of ordinary length that memory is reserved for")                            \
  X(quic_flows, "sluice_quic_flows", "Five-tuples with QUIC or DTLS hellos in the table")       \
  X(quic_flows_capacity, "sluice_quic_flows_capacity", "Five-tuples that this table can hold")  \
  X(quic_streams, "sluice_quic_streams", "QUIC and DTLS hellos that hold memory")               \
  X(quic_streams_capacity, "sluice_quic_streams_capacity",                                      \
    "QUIC and DTLS hellos of ordinary length that memory is reserved for")                      \
  X(fragmented, "sluice_fragmented_datagrams", "Fragmented packets under reassembly")           \
  X(fragmented_capacity, "sluice_fragmented_datagrams_capacity",                                \
    "Fragmented packets that can be under reassembly at a time")

inline constexpr std::size_t kVerdicts = 5;      // io::Verdict
inline constexpr std::size_t kProtocols = 6;     // inspect::Protocol
inline constexpr std::size_t kActions = 4;       // policy::Action
inline constexpr std::size_t kApps = 65;         // match::kMaxApps, and one for "*"
inline constexpr std::size_t kErrorSlots = 64;   // decode and parse errors, named by the engine
inline constexpr std::size_t kReasonSlots = 64;  // engine::Reason
inline constexpr std::size_t kRemovals = 5;      // flow::Removal
inline constexpr std::size_t kShadowSlots = 32;  // policy::kMostShadowPolicies

struct WorkerCounters {
#define SLUICE_X(name, metric, help) Counter name;
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
  std::array<std::array<Counter, kReasonSlots>, kVerdicts> verdicts;  // [verdict][reason]
  std::array<std::array<std::array<Counter, kActions>, kProtocols>, kApps>
      decisions;  // [app][protocol][action]
  std::array<std::array<std::array<Counter, kActions>, kApps>, kShadowSlots>
      shadows;  // [slot of the policy][app][action]
  std::array<Counter, kErrorSlots> errors;
  std::array<Counter, kRemovals> removals;
  TimeHistogram packet_time;
};

// Plain values of the counters and gauges in the lists above.
struct Totals {
#define SLUICE_X(name, metric, help) std::uint64_t name = 0;
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
};
// The sum over all workers. From any thread.
[[nodiscard]] Totals total_of(std::span<const WorkerCounters* const> workers) noexcept;

}  // namespace sluice::telemetry
