#pragma once

// Judgement: what is to become of one packet, and why, before any dataplane is asked what it can
// do.

#include <cstdint>

#include "filters/inspect/finding.h"
#include "filters/inspect/inspect.h"
#include "filters/packet/packet.h"
#include "filters/policy/policy.h"
#include "gateway/engine/reason.h"

namespace sluice::engine {

enum class Scope : std::uint8_t { packet, flow };
// What goes on to the client in place of a DNS answer.
enum class InPlace : std::uint8_t {
  answer,    // the answer itself
  refusal,   // reject: NXDOMAIN
  hide_ech,  // allow: the answer without keys for Encrypted ClientHello; drop where that fails
};

struct Judgement {
  policy::Action action = policy::Action::allow;  // allow, drop or reject; `log` is allow here
  Scope scope = Scope::packet;
  Reason reason = Reason::not_of_interest;
  // reject of TCP: the connection's handshake was seen, so resets may be sent …
  bool may_reset = false;
  // … to the packet's destination too, at this sequence number.
  bool reset_destination = false;
  std::uint32_t destination_expects = 0;
  // reject of a DNS question: an answer may be sent.
  bool may_answer = false;
  InPlace in_place = InPlace::answer;
  Bytes message;     // hide_ech: the answer, a part of the packet's payload
  match::AppId app;  // of the rule that blocked
};

// Told of each finding with its decision, before the verdict. Implementations obey the rules of the
// hot path.
class FindingSink {
 public:
  FindingSink() = default;
  FindingSink(const FindingSink&) = delete;
  FindingSink& operator=(const FindingSink&) = delete;
  virtual ~FindingSink() = default;
  // `packet` is the one that completed the finding; inspect::ends_of says who its client is.
  virtual void on_finding(const packet::Packet& packet, const inspect::Finding& finding,
                          const policy::Decision& decision) noexcept = 0;
  virtual void on_parse_error(inspect::ParseError error) noexcept = 0;
};

}  // namespace sluice::engine
