#pragma once

// Keys of bundles on the command line.

#include <string>
#include <vector>

#include "filters/base/result.h"
#include "lists/bundle/keys.h"

namespace sluice::app {

// All keys of all files. Error: file and reason.
[[nodiscard]] Result<std::vector<lists::PublicKey>, std::string> read_trusted(
    const std::vector<std::string>& files);

// Warns on standard error if others than its owner may read the file. Error: file and reason.
[[nodiscard]] Result<lists::PrivateKey, std::string> read_private(const std::string& file);

}  // namespace sluice::app
