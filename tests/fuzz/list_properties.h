#pragma once

// Properties of every list format, whatever the text.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/require.h"
#include "tests/support/parsed_list.h"

namespace sluice::fuzz {

[[nodiscard]] inline bool same(const test::ParsedEntry& a, const test::ParsedEntry& b,
                               std::uint32_t shift) {
  return a.name == b.name && a.range == b.range && a.kind == b.kind && a.action == b.action &&
         a.scope == b.scope && a.line == b.line + shift && a.important == b.important &&
         a.answer.kind == b.answer.kind && a.answer.type == b.answer.type && a.rdata == b.rdata;
}

// The name with every byte escaped except the stars of a glob: no rule about characters refuses it.
[[nodiscard]] inline std::string escaped(const test::ParsedEntry& entry) {
  std::string text;
  for (std::size_t i = 0; i < entry.name.label_count(); ++i) {
    if (i > 0) text += '.';
    for (const std::byte byte : entry.name.label(i)) {
      if (entry.is_glob() && byte == std::byte{'*'}) {
        text += '*';
        continue;
      }
      const std::string digits = std::to_string(std::to_integer<unsigned>(byte));
      text += '\\' + std::string(3 - digits.size(), '0') + digits;
    }
  }
  return text;
}

[[nodiscard]] inline bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

// Entries and errors name lines that exist, in order; errors are bounded, counted and printable.
inline void require_lines(const test::Parsed& parsed, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  require(std::ranges::is_sorted(parsed.entries, {}, &test::ParsedEntry::line));
  require(std::ranges::is_sorted(parsed.errors, {}, &lists::LineError::line));
  for (const test::ParsedEntry& entry : parsed.entries) {
    require(entry.line >= 1 && entry.line <= lines);
    require((entry.kind == lists::Kind::addresses) == entry.wire.empty());
    if (!entry.wire.empty()) {
      require(entry.name.label_count() > 0);
      require(as_text(entry.name.wire()) == entry.wire);  // canonical
    }
    require(!entry.is_glob() || entry.wire.contains('*'));
    require(is_printable(entry.source));
  }
  for (const lists::LineError& error : parsed.errors) {
    require(error.line >= 1 && error.line <= lines);
    require(!error.reason.empty());
    require(is_printable(error.text) && is_printable(error.reason));
  }
  require(parsed.errors.size() == std::min<std::uint64_t>(parsed.error_count, lists::Notes::kMost));
}

// The halves of a text that was cut at a line end give together what the whole gives. REQUIRES: a
// format that splits at lines.
inline void require_joins(lists::Format format, const test::Parsed& whole, std::string_view text) {
  require(lists::info_of(format).splits_at_lines);
  const std::size_t cut = text.find('\n', text.size() / 2);
  if (cut == std::string_view::npos) return;
  const std::string_view front = text.substr(0, cut + 1);
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(front, '\n'));
  const test::Parsed first = test::parse(format, front);
  const test::Parsed second = test::parse(format, text.substr(cut + 1), lines + 1);
  require(first.error_count + second.error_count == whole.error_count);
  require(first.entries.size() + second.entries.size() == whole.entries.size());
  for (std::size_t i = 0; i < whole.entries.size(); ++i) {
    const std::size_t behind = i - first.entries.size();
    require(same(whole.entries[i],
                 i < first.entries.size() ? first.entries[i] : second.entries[behind], 0));
  }
}

}  // namespace sluice::fuzz
