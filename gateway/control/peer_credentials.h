#pragma once

// Who is at the other end of a Unix socket, and what that lets them do.
//
// The kernel vouches for the user and the groups that the peer had when it connected (unix(7)).

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/control/protocol.h"

namespace sluice::control {

struct Credentials {
  pid_t process = 0;
  uid_t user = 0;
  std::vector<gid_t> groups;  // the effective one and the others
};

// Who may do what. Root and the owner are admins; everybody else needs a group.
struct Access {
  uid_t owner = 0;
  std::optional<gid_t> read_group, admin_group;
};

// Error: what the kernel said.
[[nodiscard]] Result<Credentials, std::string> credentials_of(int socket);
// Pure.
[[nodiscard]] Rights rights_of(const Credentials& peer, const Access& access) noexcept;
// `name` is a name of a group or its number. Error: there is no such group.
[[nodiscard]] Result<gid_t, std::string> group_of(const std::string& name);

}  // namespace sluice::control
