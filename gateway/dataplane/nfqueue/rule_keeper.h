#pragma once

// Puts the rules (rules.h) into the kernel and takes them out again.
//
// With nftables in one transaction; with iptables in one step for each family and table. A gateway
// that starts replaces what an earlier one left. One that ends in order removes its rules, unless
// they are to be kept; those of iptables by a program that waits since the start, for a gateway at
// work may start none. If the gateway dies, its rules stay and do what they say without it. Needs
// CAP_NET_ADMIN, and for iptables' older variant CAP_NET_RAW when it is opened. One thread at a
// time.

#include <memory>
#include <optional>
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
  [[nodiscard]] static Result<std::unique_ptr<RuleKeeper>, std::string> install(
      RuleSettings settings, RuleTool tool, bool keep);
  RuleKeeper(const RuleKeeper&) = delete;
  RuleKeeper& operator=(const RuleKeeper&) = delete;
  ~RuleKeeper();

  // What was installed: `rules: nftables, table inet sluice`.
  [[nodiscard]] const std::string& note() const noexcept { return note_; }
  // Connections that took the kernel's short way (flowtable) come by the rules again. A
  // transaction; packets that wait in a queue are lost. Does nothing if there is no flowtable.
  void end_short_ways();

  // Removes what is there, whoever installed it. Lines that say what.
  [[nodiscard]] static Result<std::vector<std::string>, std::string> remove();

 private:
  using Opened = Result<std::unique_ptr<RuleKeeper>, std::string>;
  struct Remover {
    os::WaitingProgram program;
    std::string script;
  };

  RuleKeeper(std::string note, bool keep) : note_(std::move(note)), keep_(keep) {}
  [[nodiscard]] static Opened install_nftables(RuleSettings settings, bool keep);
  [[nodiscard]] static Opened install_iptables(const RuleSettings& settings, bool keep);

  std::string note_;
  bool keep_;
  std::optional<RuleSettings> nftables_;  // installed so
  std::vector<Remover> removers_;         // of what iptables installed
};

}  // namespace sluice::io
