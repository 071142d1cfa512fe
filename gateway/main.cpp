// The program: runs one command. See gateway/cli/command_line.h for the command line.

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
  int operator()(const sluice::cli::DetachCommand& command) const {
    return sluice::app::detach(command);
  }
  int operator()(const sluice::cli::RulesCommand& command) const {
    return sluice::app::rules(command);
  }
  int operator()(const sluice::cli::ReplayCommand& command) const {
    return sluice::app::replay(command);
  }
  int operator()(const sluice::cli::InspectCommand& command) const {
    return sluice::app::inspect(command);
  }
  int operator()(const sluice::cli::CheckCommand& command) const {
    return sluice::app::check(command);
  }
  int operator()(const sluice::cli::DoctorCommand& command) const {
    return sluice::app::doctor(command);
  }
  int operator()(const sluice::cli::ControlCommand& command) const {
    return sluice::app::ask(command);
  }
  int operator()(const sluice::cli::TopCommand& command) const { return sluice::app::top(command); }
  int operator()(const sluice::cli::CaptureCommand& command) const {
    return sluice::app::capture(command);
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
  int operator()(const sluice::cli::ListsSearchCommand& command) const {
    return sluice::app::lists_search(command);
  }
  int operator()(const sluice::cli::ListsConvertCommand& command) const {
    return sluice::app::lists_convert(command);
  }
  int operator()(const sluice::cli::ListsRollbackCommand& command) const {
    return sluice::app::lists_rollback(command);
  }
  int operator()(const sluice::cli::AuditVerifyCommand& command) const {
    return sluice::app::audit_verify(command);
  }
  int operator()(const sluice::cli::ReportCommand& command) const {
    return sluice::app::report(command);
  }
  int operator()(const sluice::cli::ListsSuggestCommand& command) const {
    return sluice::app::lists_suggest(command);
  }
  int operator()(const sluice::cli::ListsDiffCommand& command) const {
    return sluice::app::lists_diff(command);
  }
  int operator()(const sluice::cli::ListsKeygenCommand& command) const {
    return sluice::app::lists_keygen(command);
  }
  int operator()(const sluice::cli::ListsSignCommand& command) const {
    return sluice::app::lists_sign(command);
  }
  int operator()(const sluice::cli::ListsCosignCommand& command) const {
    return sluice::app::lists_cosign(command);
  }
  int operator()(const sluice::cli::ListsVerifyCommand& command) const {
    return sluice::app::lists_verify(command);
  }
};

int say(const sluice::cli::Answer& answer) {
  (answer.exit_status == 0 ? std::cout : std::cerr) << answer.text;
  return sluice::app::all_written() ? answer.exit_status : sluice::app::kUnusable;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader of our output may go away. That must be a write error, not the end of the gateway.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto command = sluice::cli::parse_command_line(words);
    if (!command) return say(command.error());
    return std::visit(Dispatch{}, *command);
  } catch (const std::exception& error) {
    // Only what the environment refuses ends up here: memory, threads.
    std::fprintf(stderr, "sluice: %s\n", error.what());
    return sluice::app::kUnusable;
  }
}
