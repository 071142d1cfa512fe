// `sluice detach`: removes what a gateway left in the kernel.

#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/coupled_links.h"
#include "gateway/app/dataplanes.h"
#include "gateway/app/setup.h"

namespace sluice::app {

int detach(const cli::DetachCommand& command) {
  auto config = load_config(command.config);
  if (!config) {
    std::cerr << config.error() << '\n';
    return kUnusable;
  }
  config::StartSettings& start = config->start;
  if (command.inside) start.inside = *command.inside;
  if (command.outside) start.outside = *command.outside;
  const auto removed = remove_dataplane(start);
  if (!removed) {
    std::cerr << "sluice: " << removed.error() << '\n';
    return kUnusable;
  }
  const auto released = release_links(start);
  if (!released) {
    std::cerr << "sluice: " << released.error() << '\n';
    return kUnusable;
  }
  for (const auto* lines : {&*removed, &*released}) {
    for (const std::string& line : *lines) std::cout << line << '\n';
  }
  if (removed->empty() && released->empty()) std::cout << "nothing was left behind\n";
  return all_written() ? kOk : kUnusable;
}

}  // namespace sluice::app
