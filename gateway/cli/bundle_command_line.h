#pragma once

// The command line of `sluice lists keygen`, `sign` and `verify`. Private to cli/. `words`: those
// behind the command.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

[[nodiscard]] Result<Command, Answer> parse_keygen(const std::vector<std::string>& words);
[[nodiscard]] Result<Command, Answer> parse_sign(const std::vector<std::string>& words);
[[nodiscard]] Result<Command, Answer> parse_verify(const std::vector<std::string>& words);

}  // namespace sluice::cli
