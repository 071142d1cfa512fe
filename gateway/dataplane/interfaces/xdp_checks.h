#pragma once

// Checks of what an interface offers to XDP programs. Private to interfaces/.

#include "gateway/dataplane/interfaces/check.h"
#include "gateway/dataplane/interfaces/host_facts.h"
#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

// Pure; allocates.
void check_xdp(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks);

}  // namespace sluice::io
