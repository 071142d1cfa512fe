// The program: one command a call. See gateway/cli/command_line.h for the words.

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/command_line.h"

namespace {

struct Dispatch {
  int operator()(const sluice::cli::RunCommand& command) const { return sluice::app::run(command); }
  int operator()(const sluice::cli::ReplayCommand& command) const {
    return sluice::app::replay(command);
  }
  int operator()(const sluice::cli::InspectCommand& command) const {
    return sluice::app::inspect(command);
  }
  int operator()(const sluice::cli::CheckCommand& command) const {
    return sluice::app::check(command);
  }
  int operator()(const sluice::cli::ListsBuildCommand& command) const {
    return sluice::app::lists_build(command);
  }
  int operator()(const sluice::cli::ListsLintCommand& command) const {
    return sluice::app::lists_lint(command);
  }
  int operator()(const sluice::cli::ListsShowCommand& command) const {
    return sluice::app::lists_show(command);
  }
};

int say(const sluice::cli::Answer& answer) {
  (answer.exit_status == 0 ? std::cout : std::cerr) << answer.text;
  return sluice::app::all_written() ? answer.exit_status : sluice::app::kUnusable;
}

}  // namespace

int main(int argc, char** argv) {
  // Whoever reads our lines may leave: that is to be an error of writing, not the end of a gateway.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto command = sluice::cli::parse_command_line(words);
    if (!command) return say(command.error());
    return std::visit(Dispatch{}, *command);
  } catch (const std::exception& error) {
    // Only what the environment refuses at start ends up here: memory, threads.
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return sluice::app::kUnusable;
  }
}
