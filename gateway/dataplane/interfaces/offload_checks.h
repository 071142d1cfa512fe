#pragma once

// Checks of what a card, or the kernel, does to frames before we see them. Private to interfaces/.

#include "gateway/dataplane/interfaces/check.h"
#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

// Pure; allocates.
void check_offloads(const InterfaceFacts& interface, CheckList& checks);

}  // namespace sluice::io
