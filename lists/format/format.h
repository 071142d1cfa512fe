#pragma once

// The list formats; lists/format/README.md has the grammar.
//
// Refused with a reason, in every format of names: what is no name, an IP address, an IDN that
// IDNA2008 does not allow, the root. Public suffixes are refused by compile/ (it has the list).
// Warned of: labels that mix scripts, A-labels that do not decode. Under 200 ns a line where a name
// is ASCII; then nothing is allocated.

#include <optional>
#include <string_view>

#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] std::string_view to_string(Format format) noexcept;
[[nodiscard]] std::optional<Format> parse_format(std::string_view name) noexcept;
inline constexpr std::string_view kFormatNames = "domains, hosts, endpoints";
// Of a file that nobody told the format of: `*.endpoints` are endpoints, all others domains.
[[nodiscard]] Format usual_format(std::string_view file) noexcept;

// A name a line: `example.com` (and all below it; so does `*.example.com`), `=example.com` (it
// alone), `@@example.com`, `@@=example.com` (exceptions); other stars make a glob. `#` starts a
// comment. Blanks around, CRLF and a UTF-8 byte order mark are ignored.
void parse_domains(ListText text, const Sink& sink);

// `0.0.0.0 name [name …] # comment`: each name exactly, as hosts(5) means it; the usual loopback
// names (localhost, ip6-allnodes, …) are left out.
void parse_hosts(ListText text, const Sink& sink);

// An IP address, a prefix or `signature:NAME` a line, `@@` in front for an exception; comments as
// in domains. Entries are exact, under the pseudo-names of match/pseudo_name.h.
void parse_endpoints(ListText text, const Sink& sink);

void parse(Format format, ListText text, const Sink& sink);

}  // namespace sluice::lists
