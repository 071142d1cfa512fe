#pragma once

// Reads what the kernel says of this host: /proc, /sys, and tries of what it may lack. A try makes
// an empty BPF map and an unbound socket, and closes both. System calls; any thread.

#include "gateway/dataplane/interfaces/host_facts.h"

namespace sluice::io {

// What cannot be read has the value that says so, or the lesser one.
[[nodiscard]] HostFacts read_host();

// Kernel, processors and memory only: tries nothing, so that a gateway that has no use for BPF does
// not call it, which a filter of system calls may forbid.
[[nodiscard]] HostFacts read_machine();

}  // namespace sluice::io
