#pragma once

// `sluice audit` and `sluice report`. Private to cli/.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

[[nodiscard]] Result<Command, Answer> parse_audit(const std::vector<std::string>& words);
[[nodiscard]] Result<Command, Answer> parse_report(const std::vector<std::string>& words);

}  // namespace sluice::cli
