// `sluice rules`: prints the firewall rules that lead packets into the gateway's queues.

#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/dataplanes.h"
#include "gateway/app/setup.h"

namespace sluice::app {

int rules(const cli::RulesCommand& command) {
  const auto config = load_config(command.config);
  if (!config) {
    std::cerr << config.error() << '\n';
    return kUnusable;
  }
  const auto text = firewall_rules(config->start, command.tool);
  if (!text) {
    std::cerr << "sluice: " << text.error() << '\n';
    return kUnusable;
  }
  std::cout << *text;
  return all_written() ? kOk : kUnusable;
}

}  // namespace sluice::app
