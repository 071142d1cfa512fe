#include "gateway/dataplane/nfqueue/rule_keeper.h"

#include <unistd.h>

#include <array>

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

os::Words restore(const Commands& commands, bool test = false) {
  os::Words words = {commands.restore, "-w", "10", "--noflush"};
  if (test) words.emplace_back("--test");
  return words;
}

const os::Words kNft = {"nft", "-f", "-"};

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

bool has_table() {
  return os::feed_program({"nft", "list", "table", "inet", "sluice"}, "").has_value();
}
bool has_chains(const Commands& commands) {
  return has(commands.family) && holds(commands, "security", {"-S", "SLUICE"});
}

// Settings that stand for all, where nothing is known of the host yet.
RuleSettings any_settings() {
  return {.inside = "",
          .outside = "lo",
          .bypass = true,
          .marks = *Marks::of(NfqueueSettings::kMarkMask)};
}

}  // namespace

Result<RuleKeeper, std::string> RuleKeeper::install(RuleSettings settings, RuleTool tool,
                                                    bool keep) {
  if (tool == RuleTool::none) return RuleKeeper("rules: somebody else's");
  if (tool == RuleTool::nftables) return install_nftables(std::move(settings), keep);
  if (tool == RuleTool::automatic && check(RuleTool::nftables)) {
    return install_nftables(std::move(settings), keep);
  }
  return install_iptables(settings, keep);
}

Result<RuleKeeper, std::string> RuleKeeper::install_nftables(RuleSettings settings, bool keep) {
  if (settings.flowtable) {
    settings.flowtable =
        !settings.inside.empty() &&
        os::feed_program({"nft", "-c", "-f", "-"}, nftables_rules(settings)).has_value();
  }
  RuleKeeper keeper(std::string("rules: nftables, table inet sluice") +
                    (settings.flowtable ? ", with a flowtable" : ""));
  if (const auto done = os::feed_program(kNft, nftables_rules(settings)); !done) {
    return fail("nft: " + done.error());
  }
  if (!keep) {
    if (const auto waits = keeper.remove_later(kNft, nftables_removal()); !waits) {
      return fail(waits.error());
    }
  }
  return keeper;
}

Result<RuleKeeper, std::string> RuleKeeper::install_iptables(const RuleSettings& settings,
                                                             bool keep) {
  RuleKeeper keeper("rules: iptables, chains SLUICE of the tables security and raw");
  std::string undo;
  for (const Commands& commands : kFamilies) {
    if (!has(commands.family)) continue;
    const auto done = os::feed_program(
        restore(commands), iptables_rules(settings, commands.family, jumps_of(commands)));
    if (!done) {
      return fail(std::string(commands.restore) + ": " + done.error());
    }
    if (keep) continue;
    const Jumps jumps = {true, true, settings.local, settings.local};
    if (const auto waits = keeper.remove_later(restore(commands), iptables_removal(jumps));
        !waits) {
      return fail(waits.error());
    }
  }
  return keeper;
}

Result<void, std::string> RuleKeeper::remove_later(const os::Words& words, std::string script) {
  auto program = os::WaitingProgram::start(words);
  if (!program) return fail(program.error());
  removers_.push_back({std::move(*program), std::move(script)});
  return {};
}

RuleKeeper::~RuleKeeper() {
  for (Remover& remover : removers_) {
    static_cast<void>(remover.program.finish(remover.script));
  }
}

Result<std::vector<std::string>, std::string> RuleKeeper::remove() {
  std::vector<std::string> removed;
  if (has_table()) {
    if (const auto done = os::feed_program(kNft, nftables_removal()); !done) {
      return fail("nft: " + done.error());
    }
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

Result<void, std::string> RuleKeeper::check(RuleTool tool) {
  const RuleSettings settings = any_settings();
  const auto nftables = [&] {
    return os::feed_program({"nft", "-c", "-f", "-"}, nftables_rules(settings));
  };
  const auto iptables = [&] {
    return os::feed_program(restore(kFamilies[0], true),
                            iptables_rules(settings, Family::ipv4, {}));
  };
  switch (tool) {
    case RuleTool::none:
      return {};
    case RuleTool::nftables:
      return nftables();
    case RuleTool::iptables:
      return iptables();
    case RuleTool::automatic:
      break;
  }
  const auto first = nftables();
  if (first) return {};
  const auto second = iptables();
  if (second) return {};
  return fail("nft: " + first.error() + "; iptables-restore: " + second.error());
}

}  // namespace sluice::io
