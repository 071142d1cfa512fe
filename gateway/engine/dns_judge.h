#pragma once

// Judges DNS messages: questions and answers over UDP, and each message that a server sends over
// TCP (answer_judge.h).
//
// No state but the evidence about addresses: a spoofed answer can be dropped, and leaves nothing
// behind. One worker owns one. No allocation.

#include <optional>

#include "gateway/engine/address_evidence.h"
#include "gateway/engine/answer_progress.h"
#include "gateway/engine/context.h"
#include "gateway/engine/ruling.h"
#include "gateway/engine/work_budget.h"

namespace sluice::engine {

// What is to become of one message of a server.
struct AnswerRuling {
  enum class Fate : std::uint8_t {
    pass,
    hide_keys,  // it passes without keys for Encrypted ClientHello
    drop,       // it cannot be judged, or carries keys, and is dropped for that: see reason
    refuse,     // it leads to a banned name: see refusal
  };
  Fate fate = Fate::pass;
  Reason reason = Reason::not_of_interest;
  Refusal refusal;
};

class DnsJudge {
 public:
  explicit DnsJudge(AddressEvidence& evidence) : evidence_(evidence) {}

  // A datagram to a DNS server, from one to its client.
  [[nodiscard]] Judgement judge_question(const Context& context) noexcept;
  [[nodiscard]] Judgement judge_answer(const Context& context) noexcept;

  // One message of a server, whose targets up to `progress` are judged. Leaves it parsed in
  // context.bench.scratch.response; learns from it where it passes.
  [[nodiscard]] AnswerRuling rule_on_answer(const Context& context, Bytes message,
                                            AnswerProgress progress = {}) noexcept;

  // Judges the targets behind `progress` in what is there of a message of `size` bytes. What cannot
  // be read stays for the whole message to tell.
  struct Ahead {
    std::optional<Refusal> refusal;  // it leads to a banned name
    bool is_spent = false;           // the budget; there is more to judge
  };
  [[nodiscard]] Ahead judge_ahead(const Context& context, Bytes start, std::size_t size,
                                  AnswerProgress& progress, WorkBudget& budget) noexcept;

  // The refusal with what becomes of a DNS message: a rule's own answer prevails over what the
  // policy would do, drop or reject.
  [[nodiscard]] static Refusal of_dns(const Context& context, Refusal refusal,
                                      const dns::Query& query) noexcept;

  // How the rule, or the client's policy, answers the first question, in context.bench.refusal.
  static void say(const Context& context, const Refusal& refusal, const dns::Query& query) noexcept;

 private:
  // What was asked for, as the answer repeats it.
  struct Asked {
    Ruling ruling;
    policy::Excepted excepted;  // whose rules do not count for what the answer leads to
  };
  Asked rule_on_asked(const Context& context, Bytes message) noexcept;
  AnswerRuling rule_on_targets(const Context& context, Bytes message,
                               const policy::Excepted& excepted, AnswerProgress progress) noexcept;
  std::optional<AnswerRuling> rule_on_keys(const Context& context) const noexcept;

  AddressEvidence& evidence_;
};

}  // namespace sluice::engine
