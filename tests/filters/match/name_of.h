#pragma once

// Makes a name from a literal.

#include <string_view>

#include "filters/name/name.h"

namespace sluice::test {

inline name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

}  // namespace sluice::test
