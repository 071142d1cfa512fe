#pragma once

// The commands of the program: each does its work and returns the exit status.

#include "gateway/cli/command_line.h"

namespace sluice::app {

inline constexpr int kOk = 0;
inline constexpr int kSomeBlocked = 1;
inline constexpr int kFindings = 1;  // `lists`: some lines were refused; `doctor`: some are wrong
inline constexpr int kRefused = 1;   // `lists verify`: the bundle may not be taken
inline constexpr int kBroken = 1;    // `audit verify`: the trail is not whole
inline constexpr int kFailed = 1;    // `run`: the dataplane failed; `reload`: the old lists stay
inline constexpr int kUnusable = 2;  // bad input or configuration

[[nodiscard]] int run(const cli::RunCommand& command);
[[nodiscard]] int detach(const cli::DetachCommand& command);
[[nodiscard]] int rules(const cli::RulesCommand& command);
[[nodiscard]] int replay(const cli::ReplayCommand& command);
[[nodiscard]] int inspect(const cli::InspectCommand& command);
[[nodiscard]] int check(const cli::CheckCommand& command);
[[nodiscard]] int doctor(const cli::DoctorCommand& command);
[[nodiscard]] int ask(const cli::ControlCommand& command);
[[nodiscard]] int top(const cli::TopCommand& command);
[[nodiscard]] int capture(const cli::CaptureCommand& command);
[[nodiscard]] int lists_build(const cli::ListsBuildCommand& command);
[[nodiscard]] int lists_lint(const cli::ListsLintCommand& command);
[[nodiscard]] int lists_show(const cli::ListsShowCommand& command);
[[nodiscard]] int lists_search(const cli::ListsSearchCommand& command);
[[nodiscard]] int lists_convert(const cli::ListsConvertCommand& command);
[[nodiscard]] int lists_rollback(const cli::ListsRollbackCommand& command);
[[nodiscard]] int lists_suggest(const cli::ListsSuggestCommand& command);
[[nodiscard]] int lists_diff(const cli::ListsDiffCommand& command);
[[nodiscard]] int lists_keygen(const cli::ListsKeygenCommand& command);
[[nodiscard]] int lists_sign(const cli::ListsSignCommand& command);
[[nodiscard]] int lists_cosign(const cli::ListsCosignCommand& command);
[[nodiscard]] int lists_verify(const cli::ListsVerifyCommand& command);

[[nodiscard]] int audit_verify(const cli::AuditVerifyCommand& command);
[[nodiscard]] int report(const cli::ReportCommand& command);

}  // namespace sluice::app
