#include "gateway/os/named_lock.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace sluice::os {

Descriptor lock_name(const std::string& name) noexcept {
  Descriptor lock(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!lock.is_open()) return lock;
  sockaddr_un address{.sun_family = AF_UNIX};
  const std::size_t size = std::min(name.size(), sizeof address.sun_path - 1);
  std::copy_n(name.data(), size, address.sun_path + 1);  // behind a NUL: of no file
  const auto length = offsetof(sockaddr_un, sun_path) + 1 + size;
  if (::bind(lock.value(), reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(length)) == 0) {
    return lock;
  }
  const int error = errno;
  lock = Descriptor();
  errno = error;
  return lock;
}

}  // namespace sluice::os
