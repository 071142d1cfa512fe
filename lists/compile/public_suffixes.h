#pragma once

// Which names are public suffixes: `com`, `co.uk`, `github.io` (libpsl,
// https://publicsuffix.org/list/).

#include <memory>

#include "filters/name/name.h"

namespace sluice::lists {

enum class PublicSuffix : std::uint8_t { no, icann, private_part };

class PublicSuffixes {
 public:
  PublicSuffixes();
  ~PublicSuffixes();
  PublicSuffixes(const PublicSuffixes&) = delete;
  PublicSuffixes& operator=(const PublicSuffixes&) = delete;

  [[nodiscard]] PublicSuffix look_up(const name::Name& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::lists
