#include "gateway/control/peer_credentials.h"

#include <grp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace sluice::control {

Result<Credentials, std::string> credentials_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return fail(std::string("SO_PEERCRED: ") + std::strerror(errno));
  }
  Credentials credentials{peer.pid, peer.uid, {peer.gid}};
  // The kernel says how much room it needs. 65,536 groups is its own maximum.
  std::vector<gid_t> groups(32);
  for (int tries = 0; tries < 2; ++tries) {
    size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
      const auto count = static_cast<std::ptrdiff_t>(size / sizeof(gid_t));
      credentials.groups.insert(credentials.groups.end(), groups.begin(), groups.begin() + count);
      return credentials;
    }
    if (errno != ERANGE) break;
    groups.resize(size / sizeof(gid_t));
  }
  return fail(std::string("SO_PEERGROUPS: ") + std::strerror(errno));
}

Rights rights_of(const Credentials& peer, const Access& access) noexcept {
  if (peer.user == 0 || peer.user == access.owner) return Rights::admin;
  const auto is_in = [&](std::optional<gid_t> group) {
    return group && std::ranges::find(peer.groups, *group) != peer.groups.end();
  };
  if (is_in(access.admin_group)) return Rights::admin;
  return is_in(access.read_group) ? Rights::read : Rights::none;
}

Result<gid_t, std::string> group_of(const std::string& name) {
  std::vector<char> room(1024);
  for (;;) {
    group entry{};
    group* found = nullptr;
    const int error = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    if (error == ERANGE && room.size() < (1U << 20)) {
      room.resize(room.size() * 2);
      continue;
    }
    if (found != nullptr) return found->gr_gid;
    break;
  }
  gid_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [last, error] = std::from_chars(name.data(), end, number);
  if (error == std::errc() && last == end) return number;
  return fail("there is no group \"" + name + "\"");
}

}  // namespace sluice::control
