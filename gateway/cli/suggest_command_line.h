#pragma once

// The command line of `sluice lists suggest`. Private to cli/.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

// `words`: those after `suggest`.
[[nodiscard]] Result<Command, Answer> parse_suggest(const std::vector<std::string>& words);

}  // namespace sluice::cli
