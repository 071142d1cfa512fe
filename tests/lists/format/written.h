#pragma once

// A parsed list as lines that a test can compare with what it expects.

#include <array>
#include <string>
#include <vector>

#include "tests/support/parsed_list.h"

namespace sluice::test {

[[nodiscard]] inline std::string mark_of(const ParsedEntry& entry) {
  return std::string(entry.is_exception() ? "@@" : "") + (entry.is_exact() ? "=" : "");
}

// `3: @@=example.com`
[[nodiscard]] inline std::vector<std::string> entries_of(const Parsed& parsed) {
  std::vector<std::string> lines;
  for (const ParsedEntry& entry : parsed.entries) {
    std::array<char, name::kMaxTextBytes> text;
    lines.push_back(std::to_string(entry.line) + ": " + mark_of(entry) +
                    std::string(name::to_text(entry.name, text)));
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
