#include "gateway/control/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/control/socket_file.h"

namespace sluice::control {
namespace {

using Clock = std::chrono::steady_clock;

// A gateway that is busy accepts others meanwhile.
constexpr auto kConnectFor = std::chrono::seconds(5);
constexpr int kTryEveryMs = 20;

// False: nothing happened until `end`.
bool wait_for(int socket, short events, Clock::time_point end) {
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd one{socket, events, 0};
    constexpr std::int64_t kMost = 60'000;
    const int ready = ::poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(rest, 0, kMost)));
    if (ready > 0) return true;
    if (rest <= 0) return false;
  }
}

}  // namespace

Result<Client, std::string> Client::open(const std::filesystem::path& path) {
  const auto end = Clock::now() + kConnectFor;
  for (;;) {
    auto socket = connect_to(path);
    if (socket) return Client(std::move(*socket));
    if (socket.error() == EAGAIN && Clock::now() < end) {
      ::poll(nullptr, 0, kTryEveryMs);
      continue;
    }
    const bool none = socket.error() == ENOENT || socket.error() == ECONNREFUSED;
    return fail(path.string() + ": " +
                (none ? "no gateway listens there" : std::strerror(socket.error())));
  }
}

Result<std::string, std::string> Client::ask(const Request& request, Duration patience) {
  const auto end = Clock::now() + patience;
  const std::string line = to_line(request) + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(socket_.value(), line.data() + sent, line.size() - sent,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      break;  // refused: the reply, which says why, may still be there
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail(std::string("control socket: ") + std::strerror(errno));
    } else if (!wait_for(socket_.value(), POLLOUT, end)) {
      return fail(std::string("the gateway takes no request"));
    }
  }
  std::array<char, 16384> bytes;
  for (;;) {
    if (const std::size_t at = in_.find('\n'); at != std::string::npos) {
      std::string reply = in_.substr(0, at);
      in_.erase(0, at + 1);
      return reply;
    }
    if (in_.size() > kMaxReply) return fail(std::string("the reply is too large"));
    const ssize_t count = ::recv(socket_.value(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      in_.append(bytes.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      return fail(std::string("the gateway closed the connection"));
    } else if (!wait_for(socket_.value(), POLLIN, end)) {
      return fail(std::string("the gateway gives no reply"));
    }
  }
}

}  // namespace sluice::control
