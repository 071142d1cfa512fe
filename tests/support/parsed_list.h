#pragma once

// Keeps what a list format hands to its sink, for tests.

#include <string>
#include <string_view>
#include <vector>

#include "filters/name/name.h"
#include "lists/format/format.h"

namespace sluice::test {

struct ParsedEntry {
  name::Name name;
  std::string wire;  // as the format gave it
  match::EntryKind kind = match::EntryKind::suffix;
  bool is_glob = false;
  std::uint32_t line = 0;
  std::string source;
};

struct Parsed {
  std::vector<ParsedEntry> entries;
  std::vector<lists::LineError> errors, warnings;  // at most Notes::kMost
  std::uint64_t error_count = 0;
};

[[nodiscard]] inline Parsed parse(lists::Format format, std::string_view text,
                                  std::uint32_t first_line = 1) {
  Parsed parsed;
  lists::Notes errors, warnings;
  const auto keep = [&](const lists::Entry& entry) {
    parsed.entries.push_back({*name::Name::from_wire(entry.name), std::string(as_text(entry.name)),
                              entry.kind, entry.is_glob, entry.line, std::string(entry.source)});
  };
  lists::parse(format, {text, first_line},
               {keep, [&](lists::LineError error) { errors.add(std::move(error)); },
                [&](lists::LineWarning warning) { warnings.add(std::move(warning)); }});
  parsed.errors = std::move(errors.shown);
  parsed.error_count = errors.count;
  parsed.warnings = std::move(warnings.shown);
  return parsed;
}

[[nodiscard]] inline Parsed parse_domains(std::string_view text) {
  return parse(lists::Format::domains, text);
}
[[nodiscard]] inline Parsed parse_hosts(std::string_view text) {
  return parse(lists::Format::hosts, text);
}

}  // namespace sluice::test
