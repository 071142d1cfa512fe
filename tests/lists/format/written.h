#pragma once

// A parsed list as lines that a test can compare with what it expects.

#include <array>
#include <string>
#include <vector>

#include "tests/support/parsed_list.h"

namespace sluice::test {

[[nodiscard]] inline std::string mark_of(const ParsedEntry& entry) {
  return std::string(entry.is_exception() ? "@@" : "") + (entry.is_exempt() ? "not " : "") +
         (entry.is_exact() ? "=" : "") + (entry.is_below() ? "*.*." : "");
}

// `NXDOMAIN`, `type 1 192.0.2.1`; empty: of the policy.
[[nodiscard]] inline std::string answer_of(const ParsedEntry& entry) {
  using match::AnswerKind;
  if (entry.answer.kind == AnswerKind::of_policy) return {};
  if (entry.answer.kind != AnswerKind::record) return std::string(to_string(entry.answer.kind));
  const std::string type = "type " + std::to_string(entry.answer.type) + " ";
  const Bytes data = as_bytes(entry.rdata);
  if (entry.answer.type == 1 || entry.answer.type == 28) {
    return type + IpAddress::from_bytes(data).to_string();
  }
  if (const auto target = name::Name::from_wire(data); target && entry.answer.type == 5) {
    std::array<char, name::kMaxTextBytes> text;
    return type + std::string(name::to_text(*target, text));
  }
  return type + entry.rdata;
}

// `3: @@=example.com`, `4: not a.example.com` (exempt), `5: example.com !  -> NXDOMAIN` (important)
[[nodiscard]] inline std::vector<std::string> entries_of(const Parsed& parsed) {
  std::vector<std::string> lines;
  for (const ParsedEntry& entry : parsed.entries) {
    std::array<char, name::kMaxTextBytes> text;
    lines.push_back(std::to_string(entry.line) + ": " + mark_of(entry) +
                    std::string(name::to_text(entry.name, text)) + (entry.important ? " !" : "") +
                    (answer_of(entry).empty() ? "" : " -> " + answer_of(entry)));
  }
  return lines;
}

// `3: a..b: empty label`
[[nodiscard]] inline std::vector<std::string> written(const std::vector<lists::LineError>& notes) {
  std::vector<std::string> lines;
  for (const lists::LineError& note : notes) {
    lines.push_back(std::to_string(note.line) + ": " + note.text + ": " + note.reason);
  }
  return lines;
}
[[nodiscard]] inline std::vector<std::string> errors_of(const Parsed& parsed) {
  return written(parsed.errors);
}
[[nodiscard]] inline std::vector<std::string> warnings_of(const Parsed& parsed) {
  return written(parsed.warnings);
}

// The one entry of a list of one line; else the reason why there is none.
[[nodiscard]] inline std::string read_line(std::string_view line) {
  const Parsed parsed = parse_domains(line);
  if (parsed.entries.size() + parsed.error_count != 1) return "not one";
  if (parsed.error_count == 1) return "refused: " + parsed.errors[0].reason;
  return entries_of(parsed)[0].substr(std::string_view("1: ").size());
}

}  // namespace sluice::test
