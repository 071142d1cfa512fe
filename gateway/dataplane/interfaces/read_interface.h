#pragma once

// Reads what the kernel says of one interface: netlink, ethtool's ioctls, /proc/sys/net. It works
// in the network namespace of the caller, whatever /sys shows. System calls; any thread.

#include <string>

#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

[[nodiscard]] InterfaceFacts read_interface(const std::string& name);

}  // namespace sluice::io
