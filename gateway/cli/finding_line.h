#pragma once

// The lines that `inspect` prints. README "Commands" documents the format.
// Allocates; not for workers of the gateway.

#include <cstdint>
#include <string>

#include "filters/inspect/finding.h"
#include "filters/match/domain_set.h"
#include "filters/packet/packet.h"
#include "filters/policy/policy.h"

namespace sluice::cli {

// A name as it was sent, made printable: lower case, without blanks around it and one final dot,
// bytes outside 0x21..0x7E as \DDD, backslashes doubled.
[[nodiscard]] std::string printable_name(const inspect::Finding& finding);

// The mnemonic of a record type, or TYPE123 (RFC 3597).
[[nodiscard]] std::string qtype_text(std::uint16_t qtype);

// The JSON object of `inspect` without "packet": two findings with the same object are the same.
[[nodiscard]] std::string finding_fields(const packet::Packet& packet,
                                         const inspect::Finding& finding,
                                         const policy::Decision& decision,
                                         const match::DomainSet& domains);

}  // namespace sluice::cli
