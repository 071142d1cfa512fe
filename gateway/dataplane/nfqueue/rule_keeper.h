#pragma once

// Puts the rules (rules.h) into the kernel and takes them out again.
//
// With nftables in one transaction; with iptables in one step for each family and table. A gateway
// that starts replaces what an earlier one left. One that ends in order removes its rules, unless
// they are to be kept: a program that waits since the start does it, for a gateway at work may
// start none. If the gateway dies, its rules stay and do what they say without it. Needs
// CAP_NET_ADMIN, and for iptables' older variant CAP_NET_RAW. Not for workers.

#include <string>
#include <utility>
#include <vector>

#include "gateway/dataplane/nfqueue/rules.h"
#include "gateway/dataplane/nfqueue_settings.h"
#include "gateway/os/subprocess.h"

namespace sluice::io {

class RuleKeeper {
 public:
  // Error: lines for the operator; the rules are as they were. REQUIRES: check_rules().
  [[nodiscard]] static Result<RuleKeeper, std::string> install(RuleSettings settings, RuleTool tool,
                                                               bool keep);
  RuleKeeper(RuleKeeper&&) noexcept = default;
  RuleKeeper& operator=(RuleKeeper&&) = delete;
  ~RuleKeeper();

  // What was installed: `rules: nftables, table inet sluice`.
  [[nodiscard]] const std::string& note() const noexcept { return note_; }

  // Removes what is there, whoever installed it. Lines that say what.
  [[nodiscard]] static Result<std::vector<std::string>, std::string> remove();
  // Whether this host has the tool, and its kernel what the rules need. Error: what is missing.
  [[nodiscard]] static Result<void, std::string> check(RuleTool tool);

 private:
  struct Remover {
    os::WaitingProgram program;
    std::string script;
  };

  explicit RuleKeeper(std::string note) : note_(std::move(note)) {}
  [[nodiscard]] static Result<RuleKeeper, std::string> install_nftables(RuleSettings settings,
                                                                        bool keep);
  [[nodiscard]] static Result<RuleKeeper, std::string> install_iptables(
      const RuleSettings& settings, bool keep);
  [[nodiscard]] Result<void, std::string> remove_later(const os::Words& words, std::string script);

  std::string note_;
  std::vector<Remover> removers_;
};

}  // namespace sluice::io
