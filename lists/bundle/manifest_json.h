#pragma once

// The JSON of a manifest, for who prints more around it.

#include <nlohmann/json_fwd.hpp>

#include "lists/bundle/manifest.h"

namespace sluice::lists {

// As README.md describes it. Throws nothing but for memory.
[[nodiscard]] nlohmann::ordered_json json_of(const Manifest& manifest);

}  // namespace sluice::lists
