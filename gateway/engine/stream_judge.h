#pragma once

// Judges what a client sends on one TCP connection, in order, message by message.
//
//   segment ─► SegmentJudge ─► kept stream ─► inspect ─► ruling ─► judgement
//
// One worker owns one. No allocation.

#include <cstdint>
#include <optional>

#include "gateway/engine/address_evidence.h"
#include "gateway/engine/answer_judge.h"
#include "gateway/engine/flow_table.h"
#include "gateway/engine/unread_paths.h"

namespace sluice::engine {

class StreamJudge {
 public:
  StreamJudge(FlowTable& flows, AnswerJudge& answers, AddressEvidence& evidence,
              const UnreadPaths& unread)
      : flows_(flows), answers_(answers), evidence_(evidence), unread_(unread) {}

  // What has come and is not judged yet. REQUIRES: the flow is in phase judging, and what is kept
  // fits its window.
  [[nodiscard]] Judgement judge(const Context& context, Flow& flow) noexcept;
  // The server has acknowledged more of the stream: makes room for later messages, and learns where
  // the names lead that it took. REQUIRES: a packet of the server.
  [[nodiscard]] std::optional<Judgement> on_acknowledged(const Context& context,
                                                         Flow& flow) noexcept;
  // A packet of the server with payload behind a ClientHello. A value: what follows names nothing
  // any more, or cannot be judged.
  [[nodiscard]] std::optional<Judgement> on_server_hello(const Context& context,
                                                         Flow& flow) noexcept;
  // A packet of the server with payload. A value: it has said so much that no TLS begins behind it.
  [[nodiscard]] std::optional<Reason> ends_search(const Context& context,
                                                  Flow& flow) const noexcept;
  // Bytes of this connection may have come by unread, or be missing in a capture.
  [[nodiscard]] bool may_miss_bytes(const Context& context) const noexcept;
  // The offset behind what has come without a gap. Bytes of a body were not kept: what is judged
  // counts as come.
  [[nodiscard]] std::uint64_t reached(const Flow& flow) const noexcept;

  // Bytes that parsers looked at: a small multiple of the bytes that came, whatever these are.
  [[nodiscard]] std::uint64_t examined() const noexcept { return examined_; }

 private:
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
  void forget_judged(Flow& flow) noexcept;
  void skip_to(Flow& flow, std::uint64_t acknowledged) noexcept;

  FlowTable& flows_;
  AnswerJudge& answers_;
  AddressEvidence& evidence_;
  const UnreadPaths& unread_;
  std::uint64_t examined_ = 0;
};

}  // namespace sluice::engine
