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

bool is_unjudged(Reason reason) noexcept {
  switch (reason) {
    case Reason::fragment_malformed:
    case Reason::fragment_conflict:
    case Reason::fragment_unheld:
    case Reason::given_up:
    case Reason::other_start:
    case Reason::overlap:
    case Reason::ech_in_parts:
    case Reason::ech_not_hidden:
    case Reason::urgent:
    case Reason::unreadable:
    case Reason::unjudged_acknowledged:
    case Reason::quic_undecryptable:
    case Reason::hello_over_rate:
    case Reason::hello_too_many:
    case Reason::quic_unknown:
    case Reason::no_memory:
    case Reason::forgotten:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::engine
