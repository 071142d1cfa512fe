#pragma once

// The command line of `sluice lists …`. Private to cli/.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

// `words`: those after `lists`.
[[nodiscard]] Result<Command, Answer> parse_lists(const std::vector<std::string>& words);

}  // namespace sluice::cli
