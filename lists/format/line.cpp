#include "lists/format/line.h"

#include <algorithm>

namespace sluice::lists {

LineError line_error(std::uint32_t line, std::string_view text, std::string reason,
                     std::string_view code) {
  constexpr std::size_t kMaxShown = 80;
  std::string shown;
  for (const char c : text.substr(0, kMaxShown)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kMaxShown) shown += "…";
  // A reason may quote the text.
  constexpr std::size_t kMaxReason = 400;
  if (reason.size() > kMaxReason) reason.resize(kMaxReason);
  std::ranges::replace_if(reason, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  return {line, std::move(shown), std::move(reason), code};
}

}  // namespace sluice::lists
