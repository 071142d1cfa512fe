#pragma once

// The command lines of what is asked of a running gateway. Private to cli/.

#include <string>
#include <vector>

#include "gateway/cli/command_line.h"

namespace sluice::cli {

// Whether `word` is one of these commands.
[[nodiscard]] bool is_control_command(const std::string& word) noexcept;
// `words`: those after the command. REQUIRES: is_control_command(command).
[[nodiscard]] Result<Command, Answer> parse_control(const std::string& command,
                                                    const std::vector<std::string>& words);

// `words`: those after `top`.
[[nodiscard]] Result<Command, Answer> parse_capture(const std::vector<std::string>& words);
[[nodiscard]] Result<Command, Answer> parse_top(const std::vector<std::string>& words);

}  // namespace sluice::cli
