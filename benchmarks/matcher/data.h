#pragma once

// The rule sets and the popular names that queries are made of.
//
//   345k   the real block list of that size
//   1m     a million real names: a seeded sample of 3.7m
//   3.7m   the union of the four large block lists
//   10m    3.7m over and over with other letters (synthetic.h)
//
// They lie as .xz files in a folder of shared data, which is no part of this repository. Without
// it all of them are made up; the notes say so. Reads files; not for the timed part.

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
  std::size_t head = 0;  // so many of them are full host names by rank
};

class Data {
 public:
  // Empty `folder`: $SLUICE_SHARED, else `../shared` beside the checkout.
  Data(std::filesystem::path folder, std::uint64_t seed);

  [[nodiscard]] bool is_real() const noexcept { return is_real_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  [[nodiscard]] Popular popular() const;
  // Nothing: there is no set of that name.
  [[nodiscard]] std::optional<Names> rules(std::string_view set);

 private:
  const Names& large();

  std::filesystem::path folder_;
  std::uint64_t seed_;
  bool is_real_;
  Names large_;  // once it was asked for
};

}  // namespace sluice::bench
