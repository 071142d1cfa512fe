// `sluice status`, `explain`, `flows`, `clients`, `reload`, `rollback` and `log-level`: each asks
// the running gateway by its control socket.

#include <iostream>
#include <nlohmann/json.hpp>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/control_report.h"
#include "gateway/control/client.h"

namespace sluice::app {
namespace {

using control::Command;

bool is_reload(Command command) {
  return command == Command::reload || command == Command::rollback;
}

// A reload may read lists of millions of names. Anything else is answered at once.
std::chrono::milliseconds patience_for(Command command) {
  if (is_reload(command)) return std::chrono::minutes(30);
  return std::chrono::seconds(10);
}

// Whether a good reply tells of what a script should look into.
bool is_finding(Command command, const nlohmann::ordered_json& reply) {
  if (command == Command::status) return reply.value("health", "") != "healthy";
  if (command != Command::explain || !reply.contains("explanation")) return false;
  return reply["explanation"].value("verdict", "") == "drop";
}

}  // namespace

int ask(const cli::ControlCommand& command) {
  const Command what = command.request.command;
  auto client = control::Client::open(command.socket);
  if (!client) return refuse(client.error());
  const auto line = client->ask(command.request, patience_for(what));
  if (!line) return refuse(command.socket + ": " + line.error());
  const auto reply = control::parse_reply(*line);
  if (command.json) std::cout << *line << '\n';
  if (!reply) {
    const bool stays = is_reload(what) && reply.error().code == control::ErrorCode::failed;
    std::cerr << "sluice: " << reply.error().text << '\n';
    return stays ? kFailed : kUnusable;
  }
  if (!command.json) std::cout << cli::report_of(what, *reply);
  if (!all_written()) return kUnusable;
  return is_finding(what, *reply) ? kFindings : kOk;
}

}  // namespace sluice::app
