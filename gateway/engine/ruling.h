#pragma once

// Ruling: what policy says of the findings of one message, before it is known how the packet that
// carries them can be refused.

#include <optional>

#include "filters/inspect/finding.h"
#include "filters/policy/policy.h"
#include "gateway/engine/context.h"

namespace sluice::engine {

struct Refusal {
  policy::Action action = policy::Action::drop;  // drop or reject
  match::RuleId rule;
  policy::PolicyId policy;
};

struct Ruling {
  std::optional<Refusal> refusal;  // by the first finding that is banned; none: let it pass
  bool logged = false;             // a finding is banned, and policy only logs it

  [[nodiscard]] Reason reason_to_pass(bool shows_name) const noexcept {
    return logged ? Reason::logged : shows_name ? Reason::allowed : Reason::no_name;
  }
};

// Tells the sink of the finding, and adds what its decision means.
void add(const Context& context, const inspect::Finding& finding, const policy::Decision& decision,
         Ruling& ruling) noexcept;

// Tells the sink what shadows would have done. It changes nothing.
void tell(const Context& context, const inspect::Finding& finding,
          const policy::Trial& trial) noexcept;

// Of context.bench.findings. `excepted`: see policy::PolicySet::decide.
[[nodiscard]] Ruling rule_on_findings(const Context& context,
                                      const policy::Excepted& excepted = {}) noexcept;

// DNS over TLS and over QUIC, which are told by their port (RFC 7858, RFC 9250); nothing on others.
[[nodiscard]] Ruling rule_on_encrypted_dns(const Context& context,
                                           inspect::Protocol protocol) noexcept;

// Of the names in a ClientHello that came in datagrams. A refusal drops the datagram.
[[nodiscard]] Judgement judge_hello_names(const Context& context) noexcept;

}  // namespace sluice::engine
