#pragma once

// What the process may do to the host, and how it gives that up (capabilities(7), seccomp(2)).
//
//   as a service, user sluice     as root
//   ─────────────────────────     ──────────────────────────────────────
//   no capability is left         access to files, and to low ports: a reload
//                                 reads what the start could read
//
// Why the gateway can do without: the kernel asks for them when interfaces, BPF maps and AF_XDP
// sockets are opened, not when they are used.
// Errors: a line for the operator. Both cannot be undone.

#include <string>

#include "filters/base/result.h"

namespace sluice::service {

// A process that settles packets of a firewall's queue keeps CAP_NET_ADMIN, for the kernel asks for
// it at each verdict.
enum class NetAdmin : bool { drop, keep };

// Of the calling thread, and of those that it starts from now on.
[[nodiscard]] Result<void, std::string> drop_capabilities(NetAdmin net_admin = NetAdmin::drop);

// Of the calling thread, which has a use for CAP_NET_ADMIN alone.
[[nodiscard]] Result<void, std::string> keep_net_admin_only();

// Of all threads of the process, now and later: no programs are started, and no interfaces, BPF
// programs, maps, mounts, namespaces or kernel modules made. Such calls fail with EPERM.
[[nodiscard]] Result<void, std::string> deny_system_calls();

}  // namespace sluice::service
