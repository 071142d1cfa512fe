// The program: one command a call. See gateway/cli/command_line.h for the words.

#include <cstdio>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "gateway/app/commands.h"
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
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto command = sluice::cli::parse_command_line(words);
    if (!command) {
      (command.error().exit_status == 0 ? std::cout : std::cerr) << command.error().text;
      return command.error().exit_status;
    }
    return std::visit(Dispatch{}, *command);
  } catch (const std::exception& error) {
    // Only what the environment refuses at start ends up here: memory, threads.
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return sluice::app::kUnusable;
  }
}
