#pragma once

// Findings of a DNS answer: the names that it leads to.
//
// An innocent name may be an alias of a banned one, so the targets of CNAME, DNAME, HTTPS and SVCB
// records are judged as names of their own; targets of MX, SRV and NS if the operator says so.
// Pure: no allocation, no exceptions. An answer may hold more targets than a list of findings: call
// again for the rest.

#include "filters/base/bytes.h"
#include "filters/dns/response.h"
#include "filters/inspect/finding.h"
#include "filters/inspect/inspect.h"

namespace sluice::inspect {

struct AnswerReport {
  bool more = false;     // the list is full: judge it, clear it, call again
  bool has_ech = false;  // a record of this call carries keys for Encrypted ClientHello
  ParseError error = ParseError::none;  // a target cannot be read; reading stopped there
};

// Continues at the position of `records`. REQUIRES: `records` was made from `response`; findings
// are not full.
[[nodiscard]] AnswerReport inspect_answer(const dns::Response& response,
                                          dns::ResponseReader& records, bool service_targets,
                                          FindingList& findings) noexcept;

// `none` if the message is no response: it names nothing that we judge.
[[nodiscard]] ParseError error_of(dns::ResponseError error) noexcept;

}  // namespace sluice::inspect
