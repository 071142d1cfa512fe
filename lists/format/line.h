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

// The text before the comment. A comment starts at a `#` that begins the line or follows a blank:
// `news.example##.banner` is an ad-block rule, not a name with a comment.
[[nodiscard]] inline std::string_view without_comment(std::string_view line) noexcept {
  for (std::size_t at = line.find('#'); at != line.npos; at = line.find('#', at + 1)) {
    if (at == 0 || is_blank(line[at - 1])) return line.substr(0, at);
  }
  return line;
}

// Whether the text starts as a rule that hides parts of web pages: `##`, `#@#`, `#?#`, `#$?#`, …
[[nodiscard]] inline bool is_cosmetic(std::string_view text) noexcept {
  if (!take_prefix(text, "#")) return false;
  const std::size_t mark = text.find_first_not_of("@?$%");
  return mark != text.npos && text[mark] == '#';
}

// Calls `take(line, number)` for each line that is not empty, without its end and the blanks around
// it.
template <typename Take>
void for_each_whole_line(TextPart list, Take&& take) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::string_view text = list.bytes;
  if (list.first_line == 1 && text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  for (std::uint32_t number = list.first_line; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const auto content = trim(line); !content.empty()) take(content, number);
  }
}

// The same, without comments.
template <typename Take>
void for_each_line(TextPart list, Take&& take) {
  for_each_whole_line(list, [&](std::string_view line, std::uint32_t number) {
    if (const auto content = trim(without_comment(line)); !content.empty()) take(content, number);
  });
}

// Removes the first word, and the blanks behind it.
[[nodiscard]] inline std::string_view take_word(std::string_view& text) noexcept {
  const std::size_t end = text.find_first_of(" \t");
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trim(text.substr(end));
  return word;
}

// Calls `take(part)` for the parts between separators; once for an empty text.
template <typename Take>
void for_each_part(std::string_view text, char separator, Take&& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

// Makes the text printable and cuts it to a readable length.
[[nodiscard]] LineError line_error(std::uint32_t line, std::string_view text, std::string reason,
                                   std::string_view code = "syntax");

}  // namespace sluice::lists
