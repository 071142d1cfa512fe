#pragma once

// The command line of `sluice doctor`. Private to cli/.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

// `words`: those after `doctor`.
[[nodiscard]] Result<Command, Answer> parse_doctor(const std::vector<std::string>& words);

}  // namespace sluice::cli
