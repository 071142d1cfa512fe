#pragma once

// The judge: from a decoded packet to a judgement. It owns the parts that judge, and dispatches.
//
//   packet ─┬─ UDP ─┬─ DNS, both ways ─► DnsJudge ──┐
//           │       ├─ QUIC, any port ─► QuicJudge ─┼─► AddressEvidence: what shows no name
//           │       └─ DTLS, any port ─► DtlsJudge ─┘
//           └─ TCP ─► TcpJudge ─┬─ client's bytes ──────► SegmentJudge ─► StreamJudge
//                               └─ a DNS server's bytes ► AnswerJudge ─► DnsJudge
//
// One worker owns one judge. No allocation after construction, no lock, no clock: time comes with
// the packet. Bounds: JudgeLimits; what happens when they are reached is counted (Reason,
// flow::Removal).

#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "gateway/dataplane/frame.h"
#include "gateway/engine/address_evidence.h"
#include "gateway/engine/answer_judge.h"
#include "gateway/engine/context.h"
#include "gateway/engine/dns_judge.h"
#include "gateway/engine/dtls_judge.h"
#include "gateway/engine/flow_table.h"
#include "gateway/engine/hello_table.h"
#include "gateway/engine/limits.h"
#include "gateway/engine/quic_judge.h"
#include "gateway/engine/segment_judge.h"
#include "gateway/engine/stream_judge.h"
#include "gateway/engine/tcp_judge.h"
#include "gateway/engine/unread_paths.h"

namespace sluice::engine {

class Judge {
 public:
  Judge(const JudgeLimits& limits, HashKey key, Mode mode, const EvidenceLink& link);

  // What to judge by until the next call. All of it outlives the batch; `resolutions` may be null.
  void begin_batch(const Snapshot& snapshot, const Resolutions* resolutions,
                   FindingSink& sink) noexcept;

  // Before judge(), each for a whole batch, so that packets wait for memory together.
  void look_up(const packet::Packet& packet, FlowLookup& lookup) const noexcept {
    flows_.look_up(packet, lookup);
  }
  void prefetch(const FlowLookup& lookup) const noexcept { flows_.prefetch(lookup); }

  // The short way of most packets: judge() would return pass_flow(Reason::flow_passed).
  // REQUIRES: as judge().
  [[nodiscard]] bool has_passed(const packet::Packet& packet, const FlowLookup& lookup,
                                const Arrival& arrival) noexcept {
    return flows_.has_passed(packet, lookup, arrival, *snapshot_);
  }
  // `lookup`: of this packet. Views in the judgement, and in what the sink is told, are good until
  // the next call. REQUIRES: begin_batch().
  [[nodiscard]] Judgement judge(const packet::Packet& packet, const FlowLookup& lookup,
                                const Arrival& arrival) noexcept;

  // A frame in an encapsulation that is not read.
  void note_unread(Bytes frame, LinkType link, Nanos now) noexcept {
    unread_.note(frame, link, now);
  }

  // Removes what has been idle for too long; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  struct Usage {
    std::size_t flows, streams, hello_flows, hello_streams;
  };
  [[nodiscard]] Usage usage() const noexcept;
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept;
  [[nodiscard]] std::uint64_t flows_created() const noexcept { return flows_.created(); }
  [[nodiscard]] std::uint64_t overlaps() const noexcept;
  [[nodiscard]] std::uint64_t examined() const noexcept { return streams_.examined(); }
  [[nodiscard]] const AddressEvidence& evidence() const noexcept { return evidence_; }
  [[nodiscard]] AddressEvidence& evidence() noexcept { return evidence_; }
  // What the limits cost in resident memory.
  [[nodiscard]] static std::size_t memory_bytes(const JudgeLimits& limits) noexcept;

 private:
  Judgement judge_datagram(const Context& context) noexcept;

  Mode mode_;
  Workbench bench_;
  FlowTable flows_;
  UnreadPaths unread_;
  AddressEvidence evidence_;
  DnsJudge dns_;
  AnswerJudge answers_;
  StreamJudge streams_;
  SegmentJudge segments_;
  TcpJudge tcp_;
  HelloTable hellos_;
  QuicJudge quic_;
  DtlsJudge dtls_;
  const Snapshot* snapshot_ = nullptr;
  FindingSink* sink_ = nullptr;
};

}  // namespace sluice::engine
