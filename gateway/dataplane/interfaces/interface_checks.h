#pragma once

// Checks of the two interfaces that the gateway bridges, for dataplanes to make before they start
// and for operators to read (`sluice doctor`).
//
// The judging is pure: facts in, results out. check_interfaces() reads the facts first.

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/dataplane/interfaces/check.h"
#include "gateway/dataplane/interfaces/host_facts.h"
#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

// All checks that can be made. A check that needs another one is left out if that one failed: an
// interface that does not exist is not asked whether it is up. Pure; allocates.
[[nodiscard]] std::vector<CheckResult> judge_interfaces(const InterfaceFacts& inside,
                                                        const InterfaceFacts& outside,
                                                        const HostFacts& host, Kind kind);

// The same of interfaces of this host. System calls; any thread.
[[nodiscard]] std::vector<CheckResult> check_interfaces(const std::string& inside,
                                                        const std::string& outside, Kind kind);

// System calls; any thread.
[[nodiscard]] bool are_ports_of_one_bridge(const std::string& inside, const std::string& outside);

// In bytes; 0 if the interface does not exist. One system call; does not allocate.
[[nodiscard]] std::size_t mtu_of(const std::string& interface);

}  // namespace sluice::io
