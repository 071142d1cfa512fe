#pragma once

// What the formats share: lines, comments, and the making of a name with an operator's reason when
// it is none. Private to lists/format.

#include <string>
#include <string_view>

#include "filters/base/result.h"
#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

// Calls `take(line, number)` for each line, without its end, its comment (`#`) and blanks around;
// empty lines are left out.
template <typename Take>
void for_each_line(std::string_view text, Take&& take) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (const auto content = trim(line.substr(0, line.find('#'))); !content.empty()) {
      take(content, number);
    }
  }
}

// The name that a list means by `text`; else the reason why it is none.
[[nodiscard]] Result<name::Name, std::string> read_name(std::string_view text);

void add_error(Parsed& parsed, std::uint32_t line, std::string_view text, std::string reason);

}  // namespace sluice::lists
