// `sluice check`: says what would happen to a name, and why.

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/explain.h"
#include "gateway/app/setup.h"
#include "lists/compile/image_file.h"

namespace sluice::app {
namespace {

using SnapshotPtr = std::shared_ptr<const engine::Snapshot>;

// Every app of the image is dropped for every client.
Result<SnapshotPtr, std::string> snapshot_of_image(const std::string& file) {
  auto domains = lists::open_image(file);
  if (!domains) return fail("sluice: " + file + ": " + domains.error());
  policy::Policy everyone{.name = "default"};
  for (std::size_t i = 0; i < domains->app_count(); ++i) {
    everyone.apps.add(match::AppId{static_cast<std::uint8_t>(i)});
  }
  if (domains->size() == 0) std::cerr << "sluice: warning: nothing is banned: the image is empty\n";
  auto snapshot = std::make_shared<engine::Snapshot>();
  snapshot->domains = std::move(*domains);
  snapshot->addresses = match::AddressSet(snapshot->domains);
  snapshot->policies = policy::PolicySet({std::move(everyone)});
  return snapshot;
}

Result<SnapshotPtr, std::string> snapshot_of_lists(const cli::CheckCommand& command) {
  const auto config = load_config(command.config);
  if (!config) return fail(config.error());
  const auto ban = build_first_ban(config->live);
  if (!ban) return fail("sluice: " + ban.error());
  for (const std::string& line : ban->refused) std::cerr << "sluice: " << line << '\n';
  const std::string warning = ban_warning(ban->status);
  if (!warning.empty()) std::cerr << "sluice: " << warning << '\n';
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const std::string& note : what_time_changes(config->live, command.client, now)) {
    std::cerr << "sluice: note: " << note << '\n';
  }
  return ban->snapshot;
}

// Error: lines for the operator.
Result<SnapshotPtr, std::string> snapshot_for(const cli::CheckCommand& command) {
  return command.image ? snapshot_of_image(*command.image) : snapshot_of_lists(command);
}

// A line of standard input without blanks at its ends. A CR counts as one, so that files from
// Windows ask about the names that they show.
std::string_view trim(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) + 1 - first);
}

// For a terminal: no control characters, whatever was asked.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

struct Checker {
  const engine::Snapshot& snapshot;
  const cli::CheckCommand& command;
  bool some_blocked = false;
  bool some_wrong = false;

  void check(std::string_view text) {
    const auto explanation = explain(snapshot, command.client, text, command.target.value_or(""));
    if (!explanation) {
      std::cerr << "sluice: \"" << printable(text) << "\": " << explanation.error() << '\n';
      some_wrong = true;
      return;
    }
    some_blocked |= explanation->is_blocked();
    std::cout << (command.json ? to_json(*explanation) : to_line(*explanation)) << '\n';
  }
};

}  // namespace

int check(const cli::CheckCommand& command) {
  const auto snapshot = snapshot_for(command);
  if (!snapshot) {
    std::cerr << snapshot.error() << '\n';
    return kUnusable;
  }
  Checker checker{**snapshot, command};
  for (const std::string& name : command.names) checker.check(name);
  if (command.names.empty()) {
    for (std::string line; std::cout.good() && std::getline(std::cin, line);) {
      if (const auto name = trim(line); !name.empty()) checker.check(name);
    }
  }
  if (!all_written() || checker.some_wrong) return kUnusable;
  return checker.some_blocked ? kSomeBlocked : kOk;
}

}  // namespace sluice::app
