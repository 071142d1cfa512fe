// `sluice doctor`: says what this host supports and what is set wrongly, and mends it.

#include <algorithm>
#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/app/subprocess.h"
#include "gateway/cli/doctor_report.h"
#include "gateway/dataplane/interfaces/host_checks.h"
#include "gateway/dataplane/interfaces/interface_checks.h"

namespace sluice::app {
namespace {

// What the gateway would bridge, and how.
struct Bridge {
  io::Kind kind = io::Kind::pcap;
  std::string inside, outside;
};

// Error: lines for the operator.
Result<Bridge, std::string> bridge_of(const cli::DoctorCommand& command) {
  config::StartSettings start;
  if (!command.config.empty()) {
    auto config = load_config(command.config);
    if (!config) return fail(std::move(config.error()));
    start = std::move(config->start);
  }
  return Bridge{command.dataplane.value_or(start.dataplane), command.inside.value_or(start.inside),
                command.outside.value_or(start.outside)};
}

std::vector<io::CheckResult> check_all(const Bridge& bridge) {
  std::vector<io::CheckResult> results = io::check_host(bridge.kind);
  if (bridge.inside.empty() && bridge.outside.empty()) return results;  // the host alone
  auto interfaces = io::check_interfaces(bridge.inside, bridge.outside, bridge.kind);
  std::ranges::move(interfaces, std::back_inserter(results));
  return results;
}

// Runs what mends the findings, each command once. A command that may end other traffic is left to
// the operator.
std::vector<cli::Fix> fix(std::span<const io::CheckResult> results) {
  std::vector<cli::Fix> fixes;
  for (const io::CheckResult& result : results) {
    const io::Command& command = result.command;
    if (!result.is_finding() || command.words.empty()) continue;
    const std::string line = to_string(command);
    if (!command.is_safe) {
      std::cerr << "left to you: " << line << '\n';
      continue;
    }
    const auto is_same = [&](const cli::Fix& done) { return done.command.words == command.words; };
    if (std::ranges::any_of(fixes, is_same)) continue;
    std::cerr << "run: " << line << '\n';
    const std::string error = run_program(command.words);
    std::cerr << (error.empty() ? "     done" : "     failed: " + error) << '\n';
    fixes.push_back({command, error});
  }
  return fixes;
}

}  // namespace

int doctor(const cli::DoctorCommand& command) {
  const auto bridge = bridge_of(command);
  if (!bridge) {
    std::cerr << bridge.error() << '\n';
    return kUnusable;
  }
  cli::DoctorReport report{.kind = bridge->kind, .results = check_all(*bridge)};
  if (command.fix) {
    report.fixes = fix(report.results);
    if (!report.fixes->empty()) report.results = check_all(*bridge);
  }
  std::cout << (command.json ? to_json(report) + '\n' : to_text(report));
  if (!all_written()) return kUnusable;
  return cli::has_findings(report.results) ? kFindings : kOk;
}

}  // namespace sluice::app
