#include "gateway/dataplane/nfqueue/rule_keeper.h"

#include <unistd.h>

#include <array>

#include "gateway/dataplane/nfqueue/nft.h"

namespace sluice::io {
namespace {

struct Commands {
  Family family;
  const char* program;
  const char* restore;
  const char* name;  // for people
};
constexpr std::array kFamilies = {Commands{Family::ipv4, "iptables", "iptables-restore", "IPv4"},
                                  Commands{Family::ipv6, "ip6tables", "ip6tables-restore", "IPv6"}};

// A host without IPv6 has no tables of it either.
bool has(Family family) {
  return family == Family::ipv4 || ::access("/proc/net/if_inet6", F_OK) == 0;
}

os::Words restore(const Commands& commands) {
  return {commands.restore, "-w", "10", "--noflush"};
}

bool holds(const Commands& commands, const char* table, os::Words test) {
  os::Words words = {commands.program, "-w", "10", "-t", table};
  words.insert(words.end(), test.begin(), test.end());
  return os::feed_program(words, "").has_value();
}

Jumps jumps_of(const Commands& commands) {
  return {.own = holds(commands, "raw", {"-C", "OUTPUT", "-j", "SLUICE-OWN"}),
          .forward = holds(commands, "security", {"-C", "FORWARD", "-j", "SLUICE"}),
          .input = holds(commands, "security", {"-C", "INPUT", "-j", "SLUICE"}),
          .output = holds(commands, "security", {"-C", "OUTPUT", "-j", "SLUICE"})};
}

bool has_chains(const Commands& commands) {
  return has(commands.family) && holds(commands, "security", {"-S", "SLUICE"});
}

}  // namespace

RuleKeeper::Opened RuleKeeper::install(RuleSettings settings, RuleTool tool, bool keep) {
  if (settings.bridged && tool == RuleTool::nftables) {
    return fail(std::string(kBridgeNeedsIptables));
  }
  if (settings.bridged && tool == RuleTool::automatic) tool = RuleTool::iptables;
  switch (tool) {
    case RuleTool::none:
      return Opened(new RuleKeeper("rules: somebody else's", true));
    case RuleTool::nftables:
      return install_nftables(std::move(settings), keep);
    case RuleTool::iptables:
      return install_iptables(settings, keep);
    case RuleTool::automatic:
      break;
  }
  RuleSettings plain = settings;
  plain.flowtable = false;
  const auto nftables = run_nft(nftables_rules(plain), NftMode::check);
  if (nftables) return install_nftables(std::move(settings), keep);
  auto keeper = install_iptables(settings, keep);
  if (!keeper) return fail(nftables.error() + '\n' + keeper.error());
  return keeper;
}

RuleKeeper::Opened RuleKeeper::install_nftables(RuleSettings settings, bool keep) {
  settings.flowtable = settings.flowtable && !settings.inside.empty() &&
                       run_nft(nftables_rules(settings), NftMode::check);
  if (const auto done = run_nft(nftables_rules(settings)); !done) return fail(done.error());
  Opened keeper(new RuleKeeper(std::string("rules: nftables, table inet sluice") +
                                   (settings.flowtable ? ", with a flowtable" : ""),
                               keep));
  (*keeper)->nftables_ = std::move(settings);
  return keeper;
}

RuleKeeper::Opened RuleKeeper::install_iptables(const RuleSettings& settings, bool keep) {
  Opened keeper(
      new RuleKeeper("rules: iptables, chains SLUICE of the tables security and raw", keep));
  for (const Commands& commands : kFamilies) {
    if (!has(commands.family)) continue;
    const auto done = os::feed_program(
        restore(commands), iptables_rules(settings, commands.family, jumps_of(commands)));
    if (!done) return fail(std::string(commands.restore) + ": " + done.error());
    const Jumps jumps = {true, true, settings.local, settings.local};
    auto program = os::WaitingProgram::start(restore(commands));
    if (!program) return fail(program.error());
    (*keeper)->removers_.push_back({std::move(*program), iptables_removal(jumps)});
  }
  return keeper;
}

void RuleKeeper::end_short_ways() {
  if (!nftables_ || !nftables_->flowtable) return;
  static_cast<void>(run_nft(nftables_rules(*nftables_)));
}

RuleKeeper::~RuleKeeper() {
  if (keep_) return;
  if (nftables_) static_cast<void>(run_nft(nftables_removal()));
  for (Remover& remover : removers_) {
    static_cast<void>(remover.program.finish(remover.script));
  }
}

Result<std::vector<std::string>, std::string> RuleKeeper::remove() {
  std::vector<std::string> removed;
  if (run_nft("list table inet sluice\n")) {
    if (const auto done = run_nft(nftables_removal()); !done) return fail(done.error());
    removed.emplace_back("nftables: table inet sluice removed");
  }
  for (const Commands& commands : kFamilies) {
    if (!has_chains(commands)) continue;
    const auto done = os::feed_program(restore(commands), iptables_removal(jumps_of(commands)));
    if (!done) return fail(std::string(commands.restore) + ": " + done.error());
    removed.push_back(std::string("iptables: chains SLUICE removed (") + commands.name + ")");
  }
  return removed;
}

}  // namespace sluice::io
