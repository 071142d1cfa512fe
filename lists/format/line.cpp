#include "lists/format/line.h"

namespace sluice::lists {

LineError line_error(std::uint32_t line, std::string_view text, std::string reason,
                     std::string_view code) {
  constexpr std::size_t kMaxShown = 80;
  std::string shown;
  for (const char c : text.substr(0, kMaxShown)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kMaxShown) shown += "…";
  return {line, std::move(shown), std::move(reason), code};
}

}  // namespace sluice::lists
