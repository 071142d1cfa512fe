#pragma once

// What formats of lines share: lines, comments, printable errors. Private to lists/format.

#include <string>
#include <string_view>

#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r';
}

[[nodiscard]] inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Removes `prefix` from the start of the text. False: it does not start with it.
[[nodiscard]] inline bool take_prefix(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Calls `take(line, number)` for each line that is not empty, without its comment (`#`), its end
// and the blanks around it.
template <typename Take>
void for_each_line(TextPart list, Take&& take) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string_view text = list.bytes;
  if (list.first_line == 1 && text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  for (std::uint32_t number = list.first_line; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const auto content = trim(line.substr(0, line.find('#'))); !content.empty()) {
      take(content, number);
    }
  }
}

// Makes the text printable and cuts it to a readable length.
[[nodiscard]] LineError line_error(std::uint32_t line, std::string_view text, std::string reason);

}  // namespace sluice::lists
