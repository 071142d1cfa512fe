#pragma once

// Judgement: what is to become of one packet, and why, before any dataplane is asked what it can
// do. The executor needs nothing else.
//
// Views in it point into the packet, the snapshot or the judge's workbench: they are good until the
// next packet is judged.

#include <cstdint>
#include <optional>
#include <variant>

#include "filters/base/bytes.h"
#include "filters/craft/dns_reply.h"
#include "filters/craft/frame_writer.h"
#include "filters/craft/rewrite.h"
#include "filters/dns/query.h"
#include "gateway/engine/reason.h"

namespace sluice::engine {

struct Pass {};
struct Drop {};
// Dropped, and a DNS refusal goes to whoever waits for an answer: back to the sender of a question,
// or onward in place of a server's answer.
struct Answer {
  const dns::Query* query = nullptr;
  craft::Direction direction = craft::Direction::back;
  const craft::DnsRefusal* refusal = nullptr;
};
// The same over TCP. The connection ends: whoever asked is answered and sent a FIN, the server gets
// a reset.
struct TcpAnswer {
  Bytes message;  // the question, or the server's answer, without its length
  const dns::Query* query = nullptr;
  const craft::DnsRefusal* refusal = nullptr;
  craft::Direction direction = craft::Direction::back;
  craft::TcpPlace place;             // of the answer, in what its receiver gets
  std::uint32_t server_expects = 0;  // direction `back`: the next sequence number
};
struct AnswerOverTcp {
  const TcpAnswer* answer = nullptr;
};
// Dropped, and the TCP connection ends: the sender gets a reset, and so does the destination where
// the next sequence number that it expects is known.
struct Reset {
  std::optional<std::uint32_t> destination_expects;
};
// Passed with another payload of the same size, or without its urgent pointer.
struct Rewrite {
  Bytes payload;
  craft::Urgent urgent = craft::Urgent::kept;
};
using Act = std::variant<Pass, Drop, Answer, AnswerOverTcp, Reset, Rewrite>;

// What the act is for: a dataplane that keeps flows to itself need not ask again for a flow.
enum class Scope : std::uint8_t { packet, flow };

struct Judgement {
  Act act = Pass{};
  Reason reason = Reason::not_of_interest;
  Scope scope = Scope::packet;
  // The connection's ports carry another one now: what a dataplane knows of the flow is void.
  bool is_new_connection = false;

  [[nodiscard]] bool passes() const noexcept {
    return std::holds_alternative<Pass>(act) || std::holds_alternative<Rewrite>(act);
  }
};

[[nodiscard]] constexpr Judgement pass(Reason reason) noexcept {
  return {.act = Pass{}, .reason = reason};
}
[[nodiscard]] constexpr Judgement pass_flow(Reason reason) noexcept {
  return {.act = Pass{}, .reason = reason, .scope = Scope::flow};
}

}  // namespace sluice::engine
