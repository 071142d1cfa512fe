#include "filters/match/glob.h"

namespace sluice::match {

// Where a star was taken, what follows it is tried at each further byte: only the last star needs
// to be gone back to.
bool glob_matches(std::string_view pattern, std::string_view label) noexcept {
  std::size_t p = 0;
  std::size_t l = 0;
  std::size_t behind_star = std::string_view::npos;
  std::size_t tried_from = 0;
  while (l < label.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      behind_star = ++p;
      tried_from = l;
    } else if (p < pattern.size() && pattern[p] == to_lower_ascii(label[l])) {
      ++p;
      ++l;
    } else if (behind_star != std::string_view::npos) {
      p = behind_star;
      l = ++tried_from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Bytes fixed_part(Bytes pattern) noexcept {
  Bytes fixed = pattern;
  for (Bytes rest = pattern; rest[0] != std::byte{0};) {
    const auto size = std::to_integer<std::size_t>(rest[0]);
    const bool has_star = as_text(rest.subspan(1, size)).contains('*');
    rest = rest.subspan(1 + size);
    if (has_star) fixed = rest;
  }
  return fixed;
}

}  // namespace sluice::match
