#pragma once

// The rule sets and the popular names that queries are made of.
//
//   345k   the real block list of that size
//   1m     a million real names: a seeded sample of 3.7m
//   3.7m   the union of the four large block lists
//   10m    copies of 3.7m with other letters (synthetic.h)
//
// They are .xz files in a folder of shared data, which is not part of this repository. Without that
// folder all names are made up, and the notes say so. Reads files: not for the timed part.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "benchmarks/matcher/names.h"

namespace sluice::bench {

// Most popular first.
struct Popular {
  Names names;
  std::size_t head = 0;  // the first `head` names are host names in order of popularity
};

class Data {
 public:
  // `folder` empty: $SLUICE_SHARED if set, otherwise `../shared` beside the checkout.
  Data(std::filesystem::path folder, std::uint64_t seed);

  [[nodiscard]] bool is_real() const noexcept { return is_real_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  [[nodiscard]] Popular popular() const;
  // nullopt: there is no set of that name.
  [[nodiscard]] std::optional<Names> rules(std::string_view set);

 private:
  const Names& large();

  std::filesystem::path folder_;
  std::uint64_t seed_;
  bool is_real_;
  Names large_;  // read at first use
};

}  // namespace sluice::bench
