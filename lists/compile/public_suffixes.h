#pragma once

// Which names are public suffixes: `com`, `co.uk`, `github.io` (libpsl,
// https://publicsuffix.org/list/). Reads the system's list when constructed (about 10 ms); const
// after that: any number of threads may ask.

#include <cstdint>
#include <memory>

#include "filters/base/bytes.h"

namespace sluice::lists {

enum class PublicSuffix : std::uint8_t { no, icann, private_part };

class PublicSuffixes {
 public:
  // Longer names are not looked up: the longest public suffix has 6 labels.
  static constexpr std::size_t kMostLabels = 8;

  PublicSuffixes();
  ~PublicSuffixes();
  PublicSuffixes(const PublicSuffixes&) = delete;
  PublicSuffixes& operator=(const PublicSuffixes&) = delete;

  // `name` in wire form and lower case.
  [[nodiscard]] PublicSuffix look_up(Bytes name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::lists
