#pragma once

// Judges the segments of a client's stream by what went before: of each byte, the first copy that
// we let through is the only one that ever goes through (filters/flow/README.md).
//
//   segment ─┬─ agrees with what is kept ─────────► StreamJudge
//            ├─ differs ─► rewritten to it, or dropped
//            └─ in a body, whose bytes are not kept ─► only its framing must agree
//
// One worker owns one. No allocation.

#include <cstdint>

#include "gateway/engine/flow_table.h"
#include "gateway/engine/stream_judge.h"

namespace sluice::engine {

class SegmentJudge {
 public:
  SegmentJudge(FlowTable& flows, StreamJudge& streams) : flows_(flows), streams_(streams) {}

  // A segment with data. REQUIRES: the flow is in phase judging or finished.
  [[nodiscard]] Judgement take(const Context& context, Flow& flow,
                               const flow::ClientSegment& segment) noexcept;
  // Before a segment is taken: no hello, question or request begins in its bytes or is under way,
  // even if one of them is left out.
  [[nodiscard]] bool is_beside_hellos(const Flow& flow,
                                      const flow::ClientSegment& segment) noexcept;

  // Segments that differed from what was kept.
  [[nodiscard]] std::uint64_t overlaps() const noexcept { return overlaps_; }

 private:
  Judgement take_again(const Context& context, Flow& flow,
                       const flow::ClientSegment& segment) noexcept;
  Judgement take_segment(const Context& context, Flow& flow,
                         const flow::ClientSegment& segment) noexcept;
  Judgement take_new(const Context& context, Flow& flow, std::uint64_t offset,
                     Bytes bytes) noexcept;
  void make_room(Flow& flow, std::uint64_t end) noexcept;
  flow::Insert store(const Context& context, Flow& flow, std::uint64_t offset,
                     Bytes bytes) noexcept;
  MutableBytes rewrite(const Context& context, const Flow& flow,
                       const flow::ClientSegment& segment) noexcept;
  Judgement take_body(const Context& context, Flow& flow,
                      const flow::ClientSegment& segment) noexcept;

  FlowTable& flows_;
  StreamJudge& streams_;
  std::uint64_t overlaps_ = 0;
};

}  // namespace sluice::engine
