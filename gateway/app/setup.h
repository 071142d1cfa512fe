#pragma once

// What all commands share: from the configuration to a ban.
//
// Cost: reads files, allocates, starts threads; not for workers.
// Errors: lines for the operator.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "gateway/config/config.h"
#include "gateway/engine/snapshot.h"
#include "gateway/telemetry/metrics.h"
#include "lists/compile/compile.h"

namespace sluice::app {

// Says on standard error why a command does nothing; returns its exit status, kUnusable.
[[nodiscard]] int refuse(const std::string& why);

// No file: the shipped lists, dropped for every client.
[[nodiscard]] Result<config::Config, std::string> load_config(const std::string& file);

// The apps that the entries of each list ban, by ListId.
using BannedApps = std::vector<policy::AppMask>;
[[nodiscard]] BannedApps banned_apps(const match::DomainSet& domains);

// Whether what is out of force for now counts.
enum class When : std::uint8_t { ever, now };
// Why no traffic can be blocked; empty: some can.
[[nodiscard]] std::string reason_to_ban_nothing(const policy::PolicySet& policies,
                                                const BannedApps& banned, When when);

// What is blocked, and what the operator should know about it.
struct Ban {
  std::shared_ptr<engine::Snapshot> snapshot;  // whoever publishes it sets its generation
  BannedApps banned;
  // Of which the snapshot's policies are; nothing: they are not as of any time.
  std::optional<schedule::Time> resolved_at;
  telemetry::ListsStatus status;
  std::vector<std::string> refused, warnings;  // lines about lists, for the operator
  config::ReloadGuard guard;
  std::shared_ptr<const config::LiveSettings> settings;  // for when the clock changes them
  std::optional<telemetry::ReloadRefusal> canary;  // what the canary (canary.h) says against it
  bool accepted = false;                           // an operator said that what it lacks is meant
  // Candidates of sources that are in it, by the source.
  std::map<std::string, std::filesystem::path> trials;
  std::string amended;  // what changed, if the lists were not compiled again; for the log
};
// The outcome of a build that found nothing to do.
inline constexpr std::string_view kNothingNew = "nothing new";

// The two halves of build_ban().
[[nodiscard]] Result<lists::Compiled, std::string> compile_lists(
    const config::LiveSettings& settings, bool amendable);
[[nodiscard]] Result<Ban, std::string> ban_of(lists::Compiled compiled,
                                              const config::LiveSettings& settings);
// An error if a list has no effect.
[[nodiscard]] Result<Ban, std::string> require_effect(Ban ban);
// Reads and compiles the lists, and resolves the policies. Any thread; touches nothing that runs.
[[nodiscard]] Result<Ban, std::string> build_ban(const config::LiveSettings& settings);
// The same for a start. Error also if a list has no effect: a gateway that bans less than it is
// told must not look as if all were well.
[[nodiscard]] Result<Ban, std::string> build_first_ban(const config::LiveSettings& settings);
// For the operator: `warning: nothing is banned: no policy is configured`. Empty: something is.
[[nodiscard]] std::string ban_warning(const telemetry::ListsStatus& status);

// False if one of them does not exist or is not a regular file.
[[nodiscard]] bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

// Never over a file that is there: it may be what is read. False: it exists, or cannot be written.
[[nodiscard]] bool write_new_file(const std::string& file, const std::string& text);

// Flushes standard output. False: output was lost (full disk, closed pipe); standard error says so.
[[nodiscard]] bool all_written();

}  // namespace sluice::app
