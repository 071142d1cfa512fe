#pragma once

// A candidate: a name that no list has and that traffic ties to a banned app, with its evidence. It
// blocks nothing; people decide. A value.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

namespace sluice::suggest {

// The kinds of evidence, as files and reports call them; gateway/engine/tie_table.h says what each
// is. In its order.
inline constexpr std::array<std::string_view, 5> kEvidence = {"alias_of", "alias_to", "address",
                                                              "hello", "resolved"};
// Place of what the gateway's own resolver saw, of no client.
inline constexpr std::size_t kResolved = 4;

struct Candidate {
  std::string name;  // letters, digits, `-`, `_` and dots
  std::string app;
  std::array<std::uint64_t, kEvidence.size()> evidence{};  // how often, by kind
  std::uint64_t shared = 0;   // how often it was seen where names that are not banned lead
  std::uint32_t clients = 0;  // about; 0: only the gateway's own resolver saw it
  std::chrono::sys_seconds first, last;

  [[nodiscard]] std::uint64_t count() const noexcept {
    return std::accumulate(evidence.begin(), evidence.end(), std::uint64_t{0});
  }
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

}  // namespace sluice::suggest
