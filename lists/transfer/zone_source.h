#pragma once

// The zone on disk as the source of a list (lists/compile/source.h): its last good version, empty
// as long as there is none. The version is the serial.

#include <filesystem>
#include <string>

#include "lists/compile/source.h"

namespace sluice::lists {

// `zone` as text, with or without its final dot.
[[nodiscard]] Source zone_source(const std::filesystem::path& file, const std::string& zone);

}  // namespace sluice::lists
