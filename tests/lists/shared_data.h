#pragma once

// Real lists and host names that are no part of the project: below $SLUICE_SHARED, or below
// `../shared` beside the checkout. Tests that need them skip where they are not.
// REQUIRES: SLUICE_SOURCE_DIR, which the test's CMakeLists.txt defines.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::test {

// The text of `path` there; nullopt: it is not there.
[[nodiscard]] inline std::optional<std::string> shared_text(std::string_view path) {
  const char* named = std::getenv("SLUICE_SHARED");
  const std::filesystem::path shared = named != nullptr ? named : SLUICE_SOURCE_DIR "/../shared";
  std::ifstream stream(shared / path, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace sluice::test
