#pragma once

// What a parser made of a list, as lines that a test can compare with what it expects.

#include <array>
#include <string>
#include <vector>

#include "lists/format/entry.h"

namespace sluice::test {

[[nodiscard]] inline std::string mark_of(match::EntryKind kind) {
  return std::string(match::is_exception(kind) ? "@@" : "") +
         (kind == match::EntryKind::exact || kind == match::EntryKind::exact_exception ? "=" : "");
}

// `3: @@=example.com`
[[nodiscard]] inline std::vector<std::string> entries_of(const lists::Parsed& parsed) {
  std::vector<std::string> lines;
  for (const lists::Entry& entry : parsed.entries) {
    std::array<char, name::kMaxTextOctets> text;
    lines.push_back(std::to_string(entry.line) + ": " + mark_of(entry.kind) +
                    std::string(name::to_text(entry.name, text)));
  }
  return lines;
}

// `3: a..b: empty label`
[[nodiscard]] inline std::vector<std::string> errors_of(const lists::Parsed& parsed) {
  std::vector<std::string> lines;
  for (const lists::LineError& error : parsed.errors) {
    lines.push_back(std::to_string(error.line) + ": " + error.text + ": " + error.reason);
  }
  return lines;
}

}  // namespace sluice::test
