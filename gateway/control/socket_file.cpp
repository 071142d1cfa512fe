#include "gateway/control/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace sluice::control {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 64;

std::optional<sockaddr_un> address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.native().size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

// Of the C interface.
const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::unexpected<std::string> failure(const fs::path& path, const std::string& why) {
  return fail("control socket " + path.string() + ": " + why);
}
std::unexpected<std::string> failure(const fs::path& path, int error) {
  return failure(path, std::strerror(error));
}

// Takes away what a dead process left. Error: something else is there.
Result<void, std::string> make_room(const fs::path& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return failure(path, errno);
  }
  if (!S_ISSOCK(found.st_mode)) return failure(path, "a file that is no socket is there");
  const auto other = connect_to(path);
  if (other || other.error() == EAGAIN) return failure(path, "another process listens there");
  if (other.error() != ECONNREFUSED && other.error() != ENOENT) return failure(path, other.error());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure(path, errno);
  return {};
}

}  // namespace

Result<os::Descriptor, int> connect_to(const fs::path& path) {
  const auto address = address_of(path);
  if (!address) return fail(ENAMETOOLONG);
  os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return fail(errno);
  if (::connect(socket.value(), generic(*address), sizeof *address) != 0) return fail(errno);
  return socket;
}

Result<SocketFile, std::string> SocketFile::open(fs::path path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) {
    return failure(path, "a path of a socket has 1 to " +
                             std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  }
  if (const auto room = make_room(path); !room) return fail(room.error());
  os::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return failure(path, errno);
  // Linux makes the file with the mode of the socket, less the umask: closed to all but the owner
  // until it listens.
  if (::fchmod(socket.value(), S_IRUSR | S_IWUSR) != 0) return failure(path, errno);
  if (::bind(socket.value(), generic(*address), sizeof *address) != 0) return failure(path, errno);
  SocketFile file(std::move(path), std::move(socket));
  struct stat made{};
  if (::lstat(file.path_.c_str(), &made) != 0) return failure(file.path_, errno);
  file.device_ = made.st_dev;
  file.inode_ = made.st_ino;
  if (::listen(file.descriptor(), kBacklog) != 0) return failure(file.path_, errno);
  if (::chmod(file.path_.c_str(), mode) != 0) return failure(file.path_, errno);
  return file;
}

SocketFile::~SocketFile() {
  struct stat found{};
  if (!socket_.is_open() || ::lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace sluice::control
