#include "lists/update/refusal.h"

#include <array>
#include <cstddef>

namespace sluice::lists {

std::string_view to_string(RefusalReason reason) noexcept {
  static constexpr std::array<std::string_view, kRefusalReasons> kWords = {
      "unreachable", "tls",       "status",    "timeout",  "truncated", "too_large",
      "not_a_list",  "malformed", "untrusted", "expired",  "not_yet",   "older",
      "digest",      "held",      "guard",     "unusable", "storage"};
  return kWords[static_cast<std::size_t>(reason)];
}

}  // namespace sluice::lists
