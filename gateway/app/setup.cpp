#include "gateway/app/setup.h"

#include <sys/random.h>

#include <cstdlib>
#include <iostream>

namespace sluice::app {
namespace {

// For all lists together, so that a log stays readable whatever a list holds.
constexpr std::size_t kMaxRefusedShown = 20;

// The shipped lists lie beside an installed program, or else in the source tree.
std::filesystem::path shipped_lists() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    auto installed = program.parent_path().parent_path() / "share" / "sluice" / "lists";
    if (std::filesystem::is_directory(installed, error)) return installed;
  }
  return SLUICE_SHIPPED_LISTS;
}

std::vector<std::string> refused_lines(const std::vector<lists::LoadedList>& all) {
  std::vector<std::string> lines;
  std::uint64_t hidden = 0;
  for (const lists::LoadedList& list : all) {
    for (const lists::LineError& error : list.errors) {
      if (lines.size() == kMaxRefusedShown) break;
      lines.push_back(list.spec.file.string() + ":" + std::to_string(error.line) + ": \"" +
                      error.text + "\": " + error.reason);
    }
    hidden += list.error_count;
  }
  hidden -= lines.size();
  if (hidden > 0) lines.push_back("… and " + std::to_string(hidden) + " more refused lines");
  return lines;
}

telemetry::ListsStatus status_of(const lists::Compiled& compiled) {
  telemetry::ListsStatus status;
  for (std::size_t i = 0; i < compiled.domains.app_count(); ++i) {
    status.apps.emplace_back(compiled.domains.app_name(match::AppId{static_cast<std::uint8_t>(i)}));
  }
  status.apps.emplace_back("*");
  for (const lists::LoadedList& list : compiled.lists) {
    status.lists.push_back({list.spec.name, list.spec.app, list.version, list.entries,
                            list.error_count, list.modified});
  }
  status.rules = compiled.domains.size();
  status.memory_bytes = compiled.domains.memory_bytes();
  return status;
}

policy::PolicySet policies_of(const std::vector<config::PolicySpec>& specs,
                              const match::DomainSet& domains) {
  std::vector<policy::Policy> policies;
  for (const config::PolicySpec& spec : specs) {
    policy::Policy policy{spec.name, spec.clients, {}, spec.action};
    for (std::size_t i = 0; i < domains.app_count(); ++i) {
      const match::AppId app{static_cast<std::uint8_t>(i)};
      for (const std::string& name : spec.apps) {
        if (name == domains.app_name(app)) policy.apps.add(app);
      }
    }
    policies.push_back(std::move(policy));
  }
  return policy::PolicySet(std::move(policies));
}

}  // namespace

Result<config::Config, std::string> load_config(const std::string& file) {
  auto config = file.empty() ? config::defaults(shipped_lists()) : config::load(file);
  if (config) return std::move(*config);
  std::string lines;
  for (const config::ConfigError& error : config.error()) lines += error.to_string() + "\n";
  if (lines.ends_with('\n')) lines.pop_back();
  return fail(std::move(lines));
}

Result<Ban, std::string> build_ban(const config::LiveSettings& settings) {
  auto compiled = lists::compile(settings.lists);
  if (!compiled) return fail(compiled.error().to_string());
  Ban ban;
  ban.refused = refused_lines(compiled->lists);
  ban.status = status_of(*compiled);
  auto snapshot = std::make_shared<engine::Snapshot>();
  snapshot->policies = policies_of(settings.policies, compiled->domains);
  snapshot->domains = std::move(compiled->domains);
  snapshot->addresses = match::AddressSet(snapshot->domains);
  snapshot->fallbacks = settings.verdicts;
  snapshot->dns = settings.dns;
  ban.snapshot = std::move(snapshot);
  return ban;
}

HashKey random_key() {
  HashKey key;
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) std::abort();
  return key;
}

bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::is_regular_file(a, error) && std::filesystem::equivalent(a, b, error);
}

bool all_written() {
  if (std::cout.flush()) return true;
  std::cerr << "sluice: standard output: not all of it could be written\n";
  return false;
}

}  // namespace sluice::app
