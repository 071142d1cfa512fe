// Any bytes as a configuration: settings, or errors with lines that exist. What passes the bounds
// of shape.h is no deeper than they say when the TOML library reads it.

#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "gateway/config/config.h"
#include "gateway/config/shape.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

std::size_t depth_of(const toml::node& node) {
  std::size_t deepest = 0;
  if (const auto* table = node.as_table()) {
    for (const auto& [key, value] : *table) deepest = std::max(deepest, depth_of(value));
  } else if (const auto* array = node.as_array()) {
    for (const auto& value : *array) deepest = std::max(deepest, depth_of(value));
  }
  return 1 + deepest;
}

void check(std::string_view text) {
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n')) + 1;
  const auto config = config::parse(text, "sluice.toml");
  if (!config) {
    require(!config.error().empty());
    for (const config::ConfigError& error : config.error()) {
      require(error.line <= lines);
      require(!error.reason.empty());
    }
  }
  if (config::shape_problem(text)) {
    require(!config);
    return;
  }
  try {
    // A header, and then keys and brackets within each other.
    constexpr std::size_t kMost =
        config::kMaxKeyParts + std::size_t{config::kMaxOpen + 1} * config::kMaxKeyParts + 3;
    require(depth_of(toml::parse(text)) <= kMost);
  } catch (const toml::parse_error&) {
    require(!config);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
