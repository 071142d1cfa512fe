// `sluice lists rollback`: an earlier version of a source in force.

#include <csignal>
#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/rollback.h"
#include "gateway/app/setup.h"
#include "lists/versions/version_store.h"

namespace sluice::app {
namespace {

void print_versions(const std::string& source, const lists::VersionStore& store) {
  const auto in_force = store.in_force();
  const bool pinned = store.pinned().has_value();
  std::cout << source << ":\n";
  for (const lists::Version& version : store.versions()) {
    const bool is_it = in_force && in_force->number == version.number;
    std::cout << "  " << said_of(version) << (is_it ? "  in force" : "")
              << (is_it && pinned ? ", rolled back to" : "") << '\n';
  }
}

// The gateway takes it at its next reload, which this asks for.
void reload(const lists::VersionStore& store) {
  const int gateway = lists::StoreLock::holder(store.folder());
  if (gateway > 0 && ::kill(gateway, SIGHUP) == 0) {
    std::cout << "the gateway, process " << gateway << ", reloads\n";
  } else if (gateway != 0) {
    std::cout << "the gateway could not be told: send it SIGHUP\n";
  } else {
    std::cout << "no gateway runs here; it holds from its next start\n";
  }
}

}  // namespace

int lists_rollback(const cli::ListsRollbackCommand& command) {
  const auto config = load_config(command.config);
  if (!config) return refuse(config.error());
  const config::LiveSettings& live = config->live;
  if (live.sources.empty()) return refuse(command.config + ": has no [[source]]");
  if (command.list && command.source.empty()) {
    for (const auto& spec : live.sources) print_versions(spec.name, {spec.state, spec.keep});
    return all_written() ? kOk : kUnusable;
  }
  const auto spec = source_of(live, command.source);
  if (!spec) return refuse(spec.error());
  const lists::VersionStore store((*spec)->state, (*spec)->keep);
  if (command.list) {
    print_versions((*spec)->name, store);
    return all_written() ? kOk : kUnusable;
  }
  const auto done = roll_back(live, {command.source, command.to, command.resume});
  if (!done) return refuse(done.error());
  std::cout << *done << '\n';
  reload(store);
  return all_written() ? kOk : kUnusable;
}

}  // namespace sluice::app
