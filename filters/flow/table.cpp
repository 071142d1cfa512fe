#include "filters/flow/table.h"

namespace sluice::flow {

std::string_view to_string(Removal removal) noexcept {
  switch (removal) {
    case Removal::idle:
      return "idle";
    case Removal::evicted_unanswered:
      return "evicted_unanswered";
    case Removal::evicted_light:
      return "evicted_light";
    case Removal::evicted_pinned:
      return "evicted_pinned";
    case Removal::evicted_held:
      return "evicted_held";
  }
  return "?";
}

}  // namespace sluice::flow
