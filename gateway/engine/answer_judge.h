#pragma once

// Judges what a server says once its client speaks DNS over TCP.
//
//   server's segments ─► in order ─► message by message ─► DnsJudge
//
// A segment that completes no message passes, for no client can act on it; the one that completes a
// refused message ends the flow. There is one reading: a copy that differs from what is kept is
// rewritten to it, or dropped. What is judged is kept until the client has acknowledged it, or room
// is needed; an answer whose keys were hidden is kept without them, so it passes without them when
// it is sent again.
//
// One worker owns one. No allocation.

#include <cstdint>
#include <optional>

#include "filters/dns/framing.h"
#include "gateway/engine/dns_judge.h"
#include "gateway/engine/flow_table.h"
#include "gateway/engine/work_budget.h"

namespace sluice::engine {

class AnswerJudge {
 public:
  AnswerJudge(FlowTable& flows, DnsJudge& dns, AddressEvidence& evidence)
      : flows_(flows), dns_(dns), evidence_(evidence) {}

  // Told of each whole message of a client that is DNS; its findings are in context.bench.
  void expect(const Context& context, Flow& flow) noexcept;
  // A packet of the server with payload. REQUIRES: flow.answers.is_read().
  [[nodiscard]] Judgement judge(const Context& of_packet, Flow& flow) noexcept;
  // A packet of the client may acknowledge answers.
  void forget_acknowledged(const packet::Packet& packet, Flow& flow) noexcept;

  // Segments that differed from what was kept.
  [[nodiscard]] std::uint64_t overlaps() const noexcept { return overlaps_; }

 private:
  struct Segment;

  Judgement take(const Context& context, Flow& flow, Segment& segment) noexcept;
  bool store(const Context& context, Flow& flow, std::uint64_t offset, Bytes bytes) noexcept;
  std::optional<Judgement> judge_messages(const Context& context, Flow& flow, Segment& segment,
                                          WorkBudget& budget) noexcept;
  std::optional<Judgement> judge_ahead(const Context& context, Flow& flow, Bytes rest,
                                       const Segment& segment, WorkBudget& budget) noexcept;
  std::optional<Judgement> judge_message(const Context& context, Flow& flow,
                                         const dns::Framed& framed, Segment& segment) noexcept;
  Judgement refuse(const Context& context, Flow& flow, Bytes message, const Segment& segment,
                   const Refusal& ruled) noexcept;
  std::optional<Judgement> hide_keys(const Context& context, Flow& flow, const dns::Framed& framed,
                                     Segment& segment) noexcept;

  FlowTable& flows_;
  DnsJudge& dns_;
  AddressEvidence& evidence_;
  std::uint64_t overlaps_ = 0;
};

}  // namespace sluice::engine
