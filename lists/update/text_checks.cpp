#include "lists/update/text_checks.h"

#include <algorithm>
#include <array>

#include "filters/base/bytes.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kLookAt = 4096;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  return text.size() >= word.size() &&
         std::ranges::equal(text.substr(0, word.size()), word,
                            [](char a, char b) { return to_lower_ascii(a) == b; });
}

}  // namespace

std::optional<Refusal> no_list(std::string_view text) {
  std::string_view start = text.substr(0, kLookAt);
  if (start.starts_with(kByteOrderMark)) start.remove_prefix(kByteOrderMark.size());
  start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  if (start.empty() && text.size() <= kLookAt) {
    return Refusal{RefusalReason::not_a_list, "it is empty"};
  }
  // No format has a line that starts so.
  if (start.starts_with('<')) {
    return Refusal{RefusalReason::not_a_list,
                   "it is a web page or XML, not a list: is there a captive portal?"};
  }
  if (start.contains('\0')) {
    return Refusal{RefusalReason::not_a_list, "it is not a text"};
  }
  return std::nullopt;
}

bool is_media_of_pages(std::string_view type) noexcept {
  static constexpr std::array<std::string_view, 6> kPages = {
      "text/html", "application/xhtml+xml", "image/", "video/", "audio/", "font/"};
  return std::ranges::any_of(kPages,
                             [&](std::string_view page) { return starts_with_word(type, page); });
}

}  // namespace sluice::lists
