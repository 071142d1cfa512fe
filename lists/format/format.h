#pragma once

// The list formats. `domains`: lists/format/README.md has the grammar. `hosts`: hosts(5) lines.
//
// Refused with a reason, in every format: what is no name, an IP address, a name in text that is
// not ASCII (write the A-label), the root. Public suffixes are refused by compile/ (it has the
// list).

#include <optional>
#include <string_view>

#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] std::string_view to_string(Format format) noexcept;
[[nodiscard]] std::optional<Format> parse_format(std::string_view name) noexcept;

// A name a line: `example.com` (and all below it; so does `*.example.com`), `=example.com` (it
// alone), `@@example.com`, `@@=example.com` (exceptions). `#` starts a comment. Blanks around, CRLF
// and a UTF-8 byte order mark are ignored.
[[nodiscard]] Parsed parse_domains(std::string_view text);

// `0.0.0.0 name [name …] # comment`: each name exactly, as hosts(5) means it; the usual loopback
// names (localhost, ip6-allnodes, …) are left out.
[[nodiscard]] Parsed parse_hosts(std::string_view text);

[[nodiscard]] Parsed parse(Format format, std::string_view text);

}  // namespace sluice::lists
