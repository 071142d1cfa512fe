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
  std::string wire;  // the name as the format gave it
  IpPrefix range;
  lists::Kind kind = lists::Kind::name;
  lists::Action action = lists::Action::block;
  lists::Scope scope = lists::Scope::subtree;
  std::uint32_t line = 0;
  std::string source;
  bool important = false;
  match::Answer answer;  // without its data
  std::string rdata;

  [[nodiscard]] bool is_glob() const { return kind == lists::Kind::glob; }
  [[nodiscard]] bool is_exact() const { return scope == lists::Scope::itself; }
  [[nodiscard]] bool is_below() const { return scope == lists::Scope::below; }
  [[nodiscard]] bool is_exception() const { return action == lists::Action::allow; }
  [[nodiscard]] bool is_exempt() const { return action == lists::Action::exempt; }
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
    const auto name = name::Name::from_wire(entry.name);  // fails for a range, which has none
    parsed.entries.push_back({name.value_or(name::Name{}), std::string(as_text(entry.name)),
                              entry.range, entry.kind, entry.action, entry.scope, entry.line,
                              std::string(entry.source), entry.important, entry.answer,
                              std::string(as_text(entry.answer.rdata))});
    parsed.entries.back().answer.rdata = {};
  };
  lists::info_of(format).parse(
      {text, first_line}, {keep, [&](lists::LineError error) { errors.add(std::move(error)); },
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
