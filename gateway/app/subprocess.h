#pragma once

// Runs a program and waits for it. No shell reads the words. Not for workers.

#include <string>
#include <vector>

namespace sluice::app {

// The program is looked for in PATH. Its input is empty; what it prints goes to our standard error.
// Empty: its exit status was 0. Else why not: `exit status 2`, `No such file or directory`.
// REQUIRES: !words.empty().
[[nodiscard]] std::string run_program(const std::vector<std::string>& words);

}  // namespace sluice::app
