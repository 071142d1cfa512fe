// `sluice doctor`: says what this host supports and what is set wrongly, and mends it.

#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/doctor_report.h"
#include "gateway/dataplane/interfaces/host_checks.h"
#include "gateway/dataplane/interfaces/interface_checks.h"
#include "gateway/os/subprocess.h"

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

// What one mend uncovers, the next round mends: a link tells more when it is up.
constexpr int kRounds = 3;

// Runs the commands that mend findings, each once. A command that may end other traffic is left to
// the operator.
class Mender {
 public:
  // False: there was nothing to run.
  bool mend(std::span<const io::CheckResult> results) {
    const std::size_t before = fixes_.size();
    for (const io::CheckResult& result : results) {
      const io::Command& command = result.command;
      if (result.is_finding() && command.is_safe && is_new(command)) run(command);
    }
    return fixes_.size() > before;
  }
  [[nodiscard]] std::vector<cli::Fix> take() { return std::move(fixes_); }

 private:
  [[nodiscard]] bool is_new(const io::Command& command) const {
    return std::ranges::none_of(
        fixes_, [&](const cli::Fix& done) { return done.command.words == command.words; });
  }
  void run(const io::Command& command) {
    std::cerr << "run: " << to_string(command) << '\n';
    const std::string error = os::run_program(command.words);
    std::cerr << (error.empty() ? "     done" : "     failed: " + error) << '\n';
    fixes_.push_back({command, error});
  }

  std::vector<cli::Fix> fixes_;
};

void mend(const Bridge& bridge, cli::DoctorReport& report) {
  Mender mender;
  for (int round = 0; round < kRounds && mender.mend(report.results); ++round) {
    report.results = check_all(bridge);
  }
  report.fixes = mender.take();
  for (const io::CheckResult& result : report.results) {
    if (!result.is_finding() || result.command.words.empty() || result.command.is_safe) continue;
    std::cerr << "left to you: " << to_string(result.command) << '\n';
  }
}

}  // namespace

int doctor(const cli::DoctorCommand& command) {
  const auto bridge = bridge_of(command);
  if (!bridge) {
    std::cerr << bridge.error() << '\n';
    return kUnusable;
  }
  cli::DoctorReport report{.kind = bridge->kind, .results = check_all(*bridge)};
  if (command.fix) mend(*bridge, report);
  std::cout << (command.json ? to_json(report) + '\n' : to_text(report));
  if (!all_written()) return kUnusable;
  return cli::has_findings(report.results) ? kFindings : kOk;
}

}  // namespace sluice::app
