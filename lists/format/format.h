#pragma once

// The list formats; lists/format/README.md has the grammar.
//
// Every format of names refuses, with a reason: what is no name, an IP address, an IDN that
// IDNA2008 does not allow, the root. compile/ refuses public suffixes (it has the list of them).
// Warned of: labels that mix scripts, A-labels that do not decode. Costs under 200 ns a line and
// allocates nothing where a name is ASCII.
//
// To add a format: write its parse function, declare it here, add an enumerator and a row to the
// table in format.cpp. The configuration and the command line then know its name.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lists/format/entry.h"

namespace sluice::lists {

enum class Format : std::uint8_t {
  domains,
  hosts,
  endpoints,
  adblock,
  dnsmasq,
  unbound,
  rpz,
  v2fly,
};

// What the rest of the program knows of a format.
struct FormatInfo {
  std::string_view name;  // in the configuration and on the command line
  // A line means the same whatever the lines before it say. Such a text may be cut at any line end,
  // and its parts parsed at the same time. Otherwise `parse` gets the whole text in one call, and
  // keeps in its own variables what later lines depend on ($ORIGIN, open parentheses).
  bool splits_at_lines;
  void (*parse)(TextPart text, const Sink& sink);
};
[[nodiscard]] const FormatInfo& info_of(Format format) noexcept;

[[nodiscard]] std::string_view to_string(Format format) noexcept;
[[nodiscard]] std::optional<Format> parse_format(std::string_view name) noexcept;
// All names: `domains, hosts, …`.
[[nodiscard]] std::string format_names(std::string_view separator);

// As an operator chooses it; none: `auto`, which detect.h finds by the text.
using FormatChoice = std::optional<Format>;
inline constexpr std::string_view kAutoFormat = "auto";
// Nothing: neither a format's name nor `auto`.
[[nodiscard]] std::optional<FormatChoice> parse_format_choice(std::string_view name) noexcept;
// `auto, domains, hosts, …`.
[[nodiscard]] std::string format_choices(std::string_view separator);
// The format that the name of a file tells: `*.endpoints` is endpoints, `*.rpz` is rpz.
[[nodiscard]] FormatChoice format_of_file(std::string_view file) noexcept;
// The name of a list that gives none: `wechat` of `lists/wechat.list`, `wechat.endpoints` of
// itself.
[[nodiscard]] std::string list_name_of_file(std::string_view file);

// A name a line: `example.com` (and all below it; so does `*.example.com`), `=example.com` (it
// alone), `@@example.com`, `@@=example.com` (exceptions); other stars make a glob. `#` starts a
// comment at the start of a line or after a blank. Blanks around an entry, CRLF and a UTF-8 byte
// order mark are ignored.
void parse_domains(TextPart text, const Sink& sink);

// `0.0.0.0 name [name …] # comment`: each name alone, as in hosts(5). The usual names of the
// machine itself (localhost, ip6-allnodes, …) are left out.
void parse_hosts(TextPart text, const Sink& sink);

// `||example.com^`, `@@||example.com^`, `|example.com^` (it alone), modifiers that DNS filters know
// ($important, $denyallow, $dnsrewrite); a bare name and lines of hosts files: each name alone.
// Everything for browsers is refused.
void parse_adblock(TextPart text, const Sink& sink);

// `address=/x/…`, `local=/x/`, `server=/x/`, with several names.
void parse_dnsmasq(TextPart text, const Sink& sink);

// `local-zone: "x." TYPE` and `local-data: "x. A …"`, with or without `server:`.
void parse_unbound(TextPart text, const Sink& sink);

// A response policy zone in a zone file; rpz.h says more.
void parse_rpz(TextPart text, const Sink& sink);

// `domain:x`, `full:x`, a bare name; attributes are read over.
void parse_v2fly(TextPart text, const Sink& sink);

// An IP address, a prefix or `signature:NAME` a line, `@@` in front for an exception; comments as
// in domains.
void parse_endpoints(TextPart text, const Sink& sink);

}  // namespace sluice::lists
