#pragma once

// What holds of every list format, whatever the text: checked by the fuzz targets of each.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "lists/format/entry.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {

using Parser = lists::Parsed (*)(std::string_view);

[[nodiscard]] inline bool same(const lists::Entry& a, const lists::Entry& b, std::uint32_t shift) {
  return a.name == b.name && a.kind == b.kind && a.line == b.line + shift;
}

// `name` with every octet escaped: the one way to write it that no rule about signs can refuse.
[[nodiscard]] inline std::string escaped(const name::Name& name) {
  std::string text;
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (i > 0) text += '.';
    for (const std::byte octet : name.label(i)) {
      const std::string digits = std::to_string(std::to_integer<unsigned>(octet));
      text += '\\' + std::string(3 - digits.size(), '0') + digits;
    }
  }
  return text;
}

// Entries and errors name lines that exist, in order; errors are bounded, counted and printable.
inline void require_lines(const lists::Parsed& parsed, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  require(std::ranges::is_sorted(parsed.entries, {}, &lists::Entry::line));
  require(std::ranges::is_sorted(parsed.errors, {}, &lists::LineError::line));
  for (const lists::Entry& entry : parsed.entries) {
    require(entry.line >= 1 && entry.line <= lines);
    require(entry.name.label_count() > 0);
  }
  for (const lists::LineError& error : parsed.errors) {
    require(error.line >= 1 && error.line <= lines);
    require(!error.reason.empty());
    require(std::ranges::none_of(error.text, [](char c) { return c >= 0 && c < ' '; }));
  }
  require(parsed.errors.size() ==
          std::min<std::uint64_t>(parsed.error_count, lists::Parsed::kMaxErrors));
}

// Cut behind any line, the halves say together what the whole says.
inline void require_joins(Parser parse, const lists::Parsed& whole, std::string_view text) {
  const std::size_t cut = text.find('\n', text.size() / 2);
  if (cut == std::string_view::npos) return;
  const std::string_view front = text.substr(0, cut + 1);
  const std::string_view back = text.substr(cut + 1);
  if (back.starts_with("\xef\xbb\xbf")) return;  // means something at the start of a file only
  const lists::Parsed first = parse(front);
  const lists::Parsed second = parse(back);
  require(first.error_count + second.error_count == whole.error_count);
  require(first.entries.size() + second.entries.size() == whole.entries.size());
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(front, '\n'));
  for (std::size_t i = 0; i < whole.entries.size(); ++i) {
    const std::size_t behind = i - first.entries.size();
    require(i < first.entries.size() ? same(whole.entries[i], first.entries[i], 0)
                                     : same(whole.entries[i], second.entries[behind], lines));
  }
}

}  // namespace sluice::fuzz
