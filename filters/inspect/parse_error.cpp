#include "filters/inspect/parse_error.h"

#include <array>

namespace sluice::inspect {
namespace {

struct Entry {
  std::string_view reason;
  Protocol protocol;
};

constexpr std::array<Entry, kParseErrors> kEntries = {{{"none", Protocol::dns},
#define SLUICE_X(protocol, reason) {#reason, Protocol::protocol},
                                                       SLUICE_PARSE_ERRORS(SLUICE_X)
#undef SLUICE_X
}};

}  // namespace

std::string_view to_string(ParseError error) noexcept {
  return kEntries[static_cast<std::size_t>(error)].reason;
}

Protocol protocol_of(ParseError error) noexcept {
  return kEntries[static_cast<std::size_t>(error)].protocol;
}

}  // namespace sluice::inspect
