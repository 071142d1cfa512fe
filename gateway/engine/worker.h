#pragma once

// The worker: takes batches from one dataplane, has each frame judged, executes, counts.
//
//   poll(batch) ─► decode all ─► fetch the flows of all
//         then each ─► [fragments ─► reassemble] ─► judge ─► execute ─► submit(verdicts)
//                                                     └─► FindingObserver, audit ring, counters
//
// What one packet of a batch waits for in memory, the others do not.
//
// Of a packet in a datagram's tunnel (VXLAN …) the datagram is judged first: its sender chose all
// that makes it look like a tunnel. Where it is DNS by its port, that is all; else both must pass.
//
// Of a fragmented packet, the fragment that makes it whole is judged and gets the verdict of the
// whole; those before it pass, for no host can act on them.
//
// One thread, one dataplane, one flow table. What crosses into it crosses between batches: the
// snapshot. Once warm: no allocation, lock or system call between a frame and its verdict.

#include <array>
#include <cstdint>
#include <optional>

#include "filters/base/function_ref.h"
#include "filters/fragment/reassembler.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/engine/executor.h"
#include "gateway/engine/frame_tap.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/name_sample.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/ties.h"
#include "gateway/engine/unjudged_log.h"
#include "gateway/telemetry/audit.h"
#include "gateway/telemetry/counters.h"

namespace sluice::engine {

// Told of every finding, for `inspect`; the gateway itself has none, for names that pass are
// nobody's business.
class FindingObserver {
 public:
  FindingObserver() = default;
  FindingObserver(const FindingObserver&) = delete;
  FindingObserver& operator=(const FindingObserver&) = delete;
  virtual ~FindingObserver() = default;
  virtual void observe(const io::Frame& frame, const packet::Packet& packet,
                       const inspect::Finding& finding, const policy::Decision& decision,
                       const Snapshot& snapshot) noexcept = 0;
};

class Worker final : private FindingSink {
 public:
  struct Parts {  // all outlive the worker
    io::Dataplane& dataplane;
    const SnapshotCell& snapshots;
    telemetry::WorkerCounters& counters;
    telemetry::AuditRing* audit = nullptr;                // null: no audit trail
    FindingObserver* observer = nullptr;                  // null: nobody watches
    const Published<Resolutions>* resolutions = nullptr;  // null: nothing resolves names for us
    packet::Tunnels tunnels = packet::Tunnels::all();     // that are looked into
    flow::Routes routes = flow::Routes::symmetric;        // of the network
    EvidenceLink evidence = {};                           // to other workers
    NameSample* sample = nullptr;                         // null: nobody asks for one
    Ties* ties = nullptr;                                 // null: no suggestions
    FrameTap* tap = nullptr;                              // null: nobody can ask for frames
  };
  Worker(const Parts& parts, const JudgeLimits& limits, HashKey flow_key, bool enforce);

  // One poll and what comes of it.
  io::Poll run_batch() noexcept;
  // Batches until the dataplane ends or fails.
  io::Poll run() noexcept;
  // Polls so far, idle ones as well: while this stands still, the worker is stuck. Any thread.
  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_.value(); }

 private:
  void on_finding(const packet::Packet& packet, const inspect::Finding& finding,
                  const policy::Decision& decision) noexcept override;
  void on_shadow(const packet::Packet& packet, const inspect::Finding& finding,
                 const policy::Decision& would) noexcept override;
  void on_parse_error(inspect::ParseError error) noexcept override;

  // A frame of the batch, decoded.
  struct Decoded {
    packet::Packet packet;
    Result<void, packet::DecodeError> decoded;
    FlowLookup lookup;
  };

  void refresh_rules() noexcept;
  void decode_batch() noexcept;
  [[nodiscard]] io::Verdict handle(const io::Frame& frame, const Decoded& arrival) noexcept;
  [[nodiscard]] Arrival arrival_of(const io::Frame& frame) const noexcept;
  [[nodiscard]] io::Verdict handle_packet(const packet::Packet& packet,
                                          const FlowLookup& lookup) noexcept;
  [[nodiscard]] io::Verdict handle_fragment(const packet::Packet& part) noexcept;
  [[nodiscard]] io::Verdict handle_whole() noexcept;
  [[nodiscard]] io::Verdict handle_unreadable(packet::DecodeError error) noexcept;
  // Decodes the packet again, with these tunnels opened.
  using DecodeAgain =
      FunctionRef<Result<packet::Packet, packet::DecodeError>(packet::Tunnels tunnels)>;
  // A packet that datagrams carry: these may be no tunnel. A value: one of them gets this verdict.
  [[nodiscard]] std::optional<io::Verdict> handle_carriers(const packet::Packet& packet,
                                                           DecodeAgain decode) noexcept;
  [[nodiscard]] io::Verdict execute(const Judgement& judgement,
                                    const packet::Packet& packet) noexcept;
  [[nodiscard]] FramePlace place_of(const io::Frame& frame) const noexcept;
  [[nodiscard]] io::Verdict count(io::Verdict verdict, Reason reason) noexcept {
    parts_.counters.verdicts[static_cast<std::size_t>(verdict)][static_cast<std::size_t>(reason)]
        .add();
    return verdict;
  }
  enum class Kind : std::uint8_t { decided, shadow };
  void audit(const packet::Packet& packet, const inspect::Finding& finding,
             const policy::Decision& decision, Kind kind) noexcept;
  // `packet` was dropped.
  void note_unjudged(const packet::Packet& packet, Reason reason) noexcept;
  void audit(const Unjudged& drop) noexcept;
  // nullptr: the ring is full, and that was counted. REQUIRES: there is a ring.
  [[nodiscard]] telemetry::AuditRecord* reserve_record() noexcept;
  void publish_levels() noexcept;

  Parts parts_;
  SnapshotReader snapshots_;
  std::optional<PublishedReader<Resolutions>> resolutions_;
  Judge judge_;
  fragment::Reassembler fragments_;
  UnjudgedLog unjudged_;
  bool enforce_;
  Executor executor_;
  bool knows_sides_;
  const Snapshot* snapshot_ = nullptr;  // of this batch
  const io::Frame* frame_ = nullptr;    // at hand
  Nanos newest_{0};                     // latest time stamp seen
  std::uint32_t sampled_ = 0;
  telemetry::Counter turns_;
  io::Batch batch_;
  std::array<Decoded, io::Batch::kCapacity> arrivals_;
  std::array<io::FrameVerdict, io::Batch::kCapacity> verdicts_;
};

}  // namespace sluice::engine
