#include "gateway/engine/reason.h"

namespace sluice::engine {

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
#define SLUICE_X(name, meaning) \
  case Reason::name:            \
    return #name;
    SLUICE_REASONS(SLUICE_X)
#undef SLUICE_X
  }
  return "?";
}

std::string_view meaning_of(Reason reason) noexcept {
  switch (reason) {
#define SLUICE_X(name, meaning) \
  case Reason::name:            \
    return meaning;
    SLUICE_REASONS(SLUICE_X)
#undef SLUICE_X
  }
  return "?";
}

}  // namespace sluice::engine
