#pragma once

// Judges the packets of TCP connections: whose packet it is, what its flow has come to, and which
// judge looks at its bytes (SegmentJudge and StreamJudge for a client's, AnswerJudge for a DNS
// server's).
//
// Only what the server can act on counts: see filters/flow/README.md. One worker owns one. No
// allocation.

#include <optional>

#include "gateway/engine/answer_judge.h"
#include "gateway/engine/flow_table.h"
#include "gateway/engine/segment_judge.h"
#include "gateway/engine/stream_judge.h"

namespace sluice::engine {

class TcpJudge {
 public:
  TcpJudge(FlowTable& flows, SegmentJudge& segments, StreamJudge& streams, AnswerJudge& answers)
      : flows_(flows), segments_(segments), streams_(streams), answers_(answers) {}

  // REQUIRES: a TCP packet that is no fragment; context.lookup is its own.
  [[nodiscard]] Judgement judge(const Context& context) noexcept;

 private:
  enum class Sender : std::uint8_t { client, server, wrong_side };

  Sender sender_of(const Context& context, Flow& flow) noexcept;
  Judgement judge_known_flow(const Context& context, Flow& flow) noexcept;
  Judgement judge_unknown_flow(const Context& context) noexcept;
  Judgement judge_midstream(const Context& context, Flow* flow) noexcept;
  Judgement judge_endless(const Context& context, Flow& flow) noexcept;
  std::optional<Judgement> judge_apart(const Context& context, Flow& flow) noexcept;
  Judgement judge_unknown_answer(const Context& context) noexcept;
  Judgement judge_wrong_side(const Context& context, const Flow& flow) const noexcept;
  Judgement judge_refused(const Context& context, Flow& flow, Sender sender) noexcept;
  Judgement judge_client(const Context& context, Flow& flow) noexcept;
  Judgement judge_segment(const Context& context, Flow& flow,
                          const flow::ClientSegment& segment) noexcept;
  Judgement judge_urgent(const Context& context, Flow& flow,
                         const flow::ClientSegment& segment) noexcept;
  Judgement judge_server(const Context& context, Flow& flow) noexcept;
  std::optional<Judgement> judge_after_update(const Context& context, Flow& flow,
                                              Sender sender) noexcept;

  FlowTable& flows_;
  SegmentJudge& segments_;
  StreamJudge& streams_;
  AnswerJudge& answers_;
};

}  // namespace sluice::engine
