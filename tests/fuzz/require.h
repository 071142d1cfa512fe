#pragma once

// What fuzz targets assert: a property that does not hold ends the program, so that libFuzzer keeps
// the input. Also the question that most of them ask.

#include <cstdlib>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::fuzz {

inline void require(bool property) {
  if (!property) std::abort();
}

// True where `view` is empty or a part of `home`.
[[nodiscard]] inline bool lies_in(Bytes view, Bytes home) {
  return view.empty() ||
         (view.data() >= home.data() && view.data() + view.size() <= home.data() + home.size());
}
[[nodiscard]] inline bool lies_in(std::string_view view, Bytes home) {
  return lies_in(as_bytes(view), home);
}

}  // namespace sluice::fuzz
