#pragma once

// The dataplanes that the configuration names, to be opened when all else is ready.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/cli/command_line.h"
#include "gateway/config/config.h"
#include "gateway/dataplane/dataplane.h"

namespace sluice::app {

using Dataplanes = std::vector<std::unique_ptr<io::Dataplane>>;

// How many workers there will be, and how to open a dataplane for each of them.
struct DataplaneSource {
  std::size_t workers = 1;
  // Touches the interfaces. Error: lines for the operator.
  std::function<Result<Dataplanes, std::string>(const io::Interest& interest)> open;
};

// Removes what a gateway with these settings left in the kernel. Lines that say what; error: one.
[[nodiscard]] Result<std::vector<std::string>, std::string> remove_dataplane(
    const config::StartSettings& settings);

// Those of type "nfqueue". Error: what is wrong with the settings.
[[nodiscard]] Result<std::string, std::string> firewall_rules(const config::StartSettings& settings,
                                                              cli::RulesCommand::Tool tool);

[[nodiscard]] DataplaneSource dataplane_source(const config::StartSettings& settings);

}  // namespace sluice::app
