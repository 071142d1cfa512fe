#pragma once

// Judges what a client sends on one TCP connection, in order, message by message.
//
//   segment ─► [rewritten to what went before] ─► stream ─► inspect ─► ruling ─► judgement
//
// There is one reading of a stream: of each byte, the first copy that we let through is the only
// one that ever goes through (filters/flow/README.md). One worker owns one. No allocation.

#include <cstdint>
#include <optional>

#include "gateway/engine/address_evidence.h"
#include "gateway/engine/answer_judge.h"
#include "gateway/engine/flow_table.h"

namespace sluice::engine {

class StreamJudge {
 public:
  StreamJudge(FlowTable& flows, AnswerJudge& answers, AddressEvidence& evidence)
      : flows_(flows), answers_(answers), evidence_(evidence) {}

  // A segment with data. REQUIRES: the flow is in phase judging or finished.
  [[nodiscard]] Judgement take(const Context& context, Flow& flow,
                               const flow::ClientSegment& segment) noexcept;
  // The server has acknowledged more of the stream: makes room for later messages, and learns where
  // the names lead that it took. REQUIRES: a packet of the server.
  [[nodiscard]] std::optional<Judgement> on_acknowledged(const Context& context,
                                                         Flow& flow) noexcept;
  // A packet of the server with payload; true: it has said so much that no TLS begins behind it.
  [[nodiscard]] bool ends_search(const Context& context, Flow& flow) const noexcept;

  // Before a segment is taken: no hello, question or request begins in its bytes or is under way,
  // even if one of them is left out.
  [[nodiscard]] bool is_beside_hellos(const Flow& flow,
                                      const flow::ClientSegment& segment) noexcept;

  // Segments that differed from what was kept.
  [[nodiscard]] std::uint64_t overlaps() const noexcept { return overlaps_; }
  // Bytes that parsers looked at: a small multiple of the bytes that came, whatever these are.
  [[nodiscard]] std::uint64_t examined() const noexcept { return examined_; }

 private:
  Judgement take_again(const Context& context, Flow& flow,
                       const flow::ClientSegment& segment) noexcept;
  Judgement take_segment(const Context& context, Flow& flow,
                         const flow::ClientSegment& segment) noexcept;
  Judgement take_new(const Context& context, Flow& flow, std::uint64_t offset,
                     Bytes bytes) noexcept;
  flow::Insert store(const Context& context, Flow& flow, std::uint64_t offset,
                     Bytes bytes) noexcept;
  MutableBytes rewrite(const Context& context, const Flow& flow,
                       const flow::ClientSegment& segment) noexcept;
  Judgement judge_stream(const Context& context, Flow& flow) noexcept;
  std::optional<Judgement> read_on(const Context& context, Flow& flow) noexcept;
  std::optional<Judgement> judge_message(const Context& context, Flow& flow,
                                         const inspect::StreamReport& report) noexcept;
  std::optional<Judgement> judge_nameless(const Context& context, Flow& flow) noexcept;
  void note_names(const Context& context, Flow& flow) noexcept;
  void learn(const Context& context, Flow& flow) noexcept;
  Judgement refuse(const Context& context, Flow& flow, const Refusal& refusal) noexcept;
  Judgement refuse_question(const Context& context, Flow& flow, const Refusal& refusal) noexcept;
  void lay_out_answer(const Context& context, const Flow& flow, const Refusal& refusal) noexcept;
  Judgement finish(Flow& flow) noexcept;
  void forget_acknowledged(Flow& flow) noexcept;

  FlowTable& flows_;
  AnswerJudge& answers_;
  AddressEvidence& evidence_;
  std::uint64_t overlaps_ = 0;
  std::uint64_t examined_ = 0;
};

}  // namespace sluice::engine
