#pragma once

// What the parser of configurations finds wrong. For tests.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace sluice::config {

// Errors as an operator sees them.
inline std::vector<std::string> errors_of(std::string_view text) {
  const auto config = parse(text, "sluice.toml");
  std::vector<std::string> lines;
  if (config) return lines;
  for (const ConfigError& error : config.error()) lines.push_back(error.to_string());
  return lines;
}

}  // namespace sluice::config
