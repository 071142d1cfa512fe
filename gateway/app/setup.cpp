#include "gateway/app/setup.h"

#include <algorithm>
#include <fstream>
#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/reload_guard.h"

namespace sluice::app {
namespace {

// For all lists together, so that a log stays readable whatever a list holds.
constexpr std::size_t kMostNotesShown = 20;

// In share/ beside the folder of an installed program, or beside the program itself in a folder of
// the build: so a program that is packaged is the one that was tested.
std::filesystem::path shipped_lists() {
  const std::filesystem::path lists = std::filesystem::path("share") / "sluice" / "lists";
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  auto installed = folder.parent_path() / lists;
  return std::filesystem::is_directory(installed, error) ? installed : folder / lists;
}

// `count`: all of the notes that `shown` may be the first of.
std::vector<std::string> lines_of(const std::vector<lists::LoadedList>& all,
                                  std::vector<lists::LineError> lists::LoadedList::* shown,
                                  std::uint64_t lists::LoadedList::* count,
                                  const std::string& what) {
  std::vector<std::string> lines;
  std::uint64_t rest = 0;
  for (const lists::LoadedList& list : all) {
    for (const lists::LineError& note : list.*shown) {
      if (lines.size() == kMostNotesShown) break;
      lines.push_back(list.spec.source.name() + ":" + std::to_string(note.line) + ": \"" +
                      note.text + "\": " + note.reason);
    }
    rest += list.*count;
  }
  rest -= lines.size();
  if (rest > 0) lines.push_back("… and " + std::to_string(rest) + " more " + what);
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
                            list.error_count, list.modified, list.duplicates, list.spec.exceptions,
                            lists::format_said(list)});
  }
  status.rules = compiled.domains.size();
  status.memory_bytes = compiled.domains.memory_bytes();
  return status;
}

// The policies whose shadows are counted, by their slots.
std::vector<std::string> shadow_policies(const policy::PolicySet& policies) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < policies.all().size(); ++i) {
    if (policies.all()[i].made_of.valid()) continue;  // counted with what it is made of
    if (policies.shadow_slot(policy::PolicyId{static_cast<std::uint16_t>(i)})) {
      names.push_back(policies.all()[i].name);  // slots are given in this order
    }
  }
  return names;
}

}  // namespace

int refuse(const std::string& why) {
  std::cerr << "sluice: " << why << '\n';
  return kUnusable;
}

BannedApps banned_apps(const match::DomainSet& domains) {
  BannedApps banned(domains.list_count());
  domains.for_each_rule([&](match::RuleId id) {
    const match::Rule rule = domains.rule(id);
    if (!match::is_exception(rule.kind)) banned[rule.list.index].add(rule.app);
  });
  return banned;
}

std::string reason_to_ban_nothing(const policy::PolicySet& policies, const BannedApps& banned,
                                  When when) {
  const bool now = when == When::now;
  if (policies.all().empty()) return "no policy is configured";
  const auto blocks = [&](const policy::Policy& policy) {
    return policy::is_enforced(policy.action) && !policy.shadow && (policy.in_force || !now);
  };
  if (std::ranges::none_of(policies.all(), blocks)) {
    return now ? "no policy that blocks is in force"
               : "every policy only logs, allows or is on trial";
  }
  const auto bans = [&](const policy::Policy& policy) {
    policy::AppMask apps;
    for (std::size_t i = 0; i < banned.size(); ++i) {
      const match::ListId list{static_cast<std::uint16_t>(i)};
      const bool is_idle = now && policies.idle_lists().has(list);
      if (!is_idle && !policy.shadow_lists.has(list)) apps.add(banned[i]);
    }
    return blocks(policy) && policy.apps.has_any(apps);
  };
  if (std::ranges::any_of(policies.all(), bans)) return {};
  return now ? "no list that counts has an entry of an app that is banned for somebody"
             : "no list has an entry of a policy's apps";
}

Result<config::Config, std::string> load_config(const std::string& file) {
  auto config = file.empty() ? config::defaults(shipped_lists()) : config::load(file);
  if (config) return std::move(*config);
  std::string lines;
  for (const config::ConfigError& error : config.error()) lines += error.to_string() + "\n";
  if (lines.ends_with('\n')) lines.pop_back();
  return fail(std::move(lines));
}

Result<lists::Compiled, std::string> compile_lists(const config::LiveSettings& settings,
                                                   bool amendable) {
  const lists::CompileOptions guards{
      .critical = settings.critical, .popular = settings.popular, .amendable = amendable};
  auto compiled = settings.image ? settings.image(guards) : lists::compile(settings.lists, guards);
  if (!compiled) return fail(compiled.error().to_string());
  return std::move(*compiled);
}

Result<Ban, std::string> build_ban(const config::LiveSettings& settings) {
  auto compiled = compile_lists(settings, false);
  if (!compiled) return fail(compiled.error());
  return ban_of(std::move(*compiled), settings);
}

Result<Ban, std::string> ban_of(lists::Compiled compiled, const config::LiveSettings& settings) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto policies = config::resolve_policies(settings, compiled.domains, now);
  if (!policies) return fail(std::move(policies.error()));
  using List = lists::LoadedList;
  Ban ban;
  ban.resolved_at = now;
  ban.banned = banned_apps(compiled.domains);
  ban.refused = lines_of(compiled.lists, &List::errors, &List::error_count, "refused lines");
  ban.warnings = lines_of(compiled.lists, &List::warnings, &List::warning_count, "warnings");
  ban.status = status_of(compiled);
  ban.status.of_image = static_cast<bool>(settings.image);
  ban.status.bans_nothing = reason_to_ban_nothing(*policies, ban.banned, When::ever);
  ban.status.shadow_policies = shadow_policies(*policies);
  ban.guard = settings.guard;
  ban.settings = std::make_shared<const config::LiveSettings>(settings);
  auto snapshot = std::make_shared<engine::Snapshot>();
  snapshot->policies = std::move(*policies);
  snapshot->domains = std::move(compiled.domains);
  snapshot->addresses = match::AddressSet(snapshot->domains, settings.nat64);
  snapshot->fallbacks = settings.verdicts;
  snapshot->dns = settings.dns;
  snapshot->kill_open_flows = settings.kill_open_flows;
  ban.snapshot = std::move(snapshot);
  return ban;
}

Result<Ban, std::string> build_first_ban(const config::LiveSettings& settings) {
  auto ban = build_ban(settings);
  if (!ban) return ban;
  return require_effect(std::move(*ban));
}

Result<Ban, std::string> require_effect(Ban ban) {
  const std::vector<std::string> idle = lists_without_effect(ban.status);
  if (idle.empty()) return ban;
  std::string lines;
  for (const std::string& line : ban.refused) lines += line + '\n';
  for (const std::string& line : idle) lines += (&line == &idle.front() ? "" : "\n") + line;
  return fail(std::move(lines));
}

std::string ban_warning(const telemetry::ListsStatus& status) {
  if (status.bans_nothing.empty()) return {};
  return "warning: nothing is banned: " + status.bans_nothing;
}

bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::is_regular_file(a, error) && std::filesystem::equivalent(a, b, error);
}

bool write_new_file(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::noreplace);
  out << text;
  out.close();
  return !out.fail();
}

bool all_written() {
  if (std::cout.flush()) return true;
  std::cerr << "sluice: standard output: not all of it could be written\n";
  return false;
}

}  // namespace sluice::app
