#include "gateway/telemetry/syslog_sink.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "gateway/telemetry/audit.h"

namespace sluice::telemetry {
namespace {

constexpr int kPriority = 13 * 8 + 5;  // facility "log audit", severity "notice"
constexpr auto kLongestPause = std::chrono::minutes(1);

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

Address address_of(const Endpoint& server) {
  Address address;
  if (server.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(server.port.number);
    std::memcpy(&v4.sin_addr, server.address.wire().data(), sizeof v4.sin_addr);
    std::memcpy(&address.bytes, &v4, sizeof v4);
    address.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(server.port.number);
    std::memcpy(&v6.sin6_addr, server.address.wire().data(), sizeof v6.sin6_addr);
    std::memcpy(&address.bytes, &v6, sizeof v6);
    address.size = sizeof v6;
  }
  return address;
}

// `192.0.2.1:514`, `[2001:db8::1]:514`.
std::optional<Endpoint> endpoint_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  if (!address || address->is_v4() == is_bracketed) return std::nullopt;
  Port port;
  const char* const behind = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), behind, port.number);
  if (error != std::errc() || end != behind || port == Port{0}) {
    return std::nullopt;
  }
  return Endpoint{*address, port};
}

// Until it can be written; false: not within the patience.
bool wait_until_writable(int socket) {
  pollfd wait{socket, POLLOUT, 0};
  return ::poll(&wait, 1, static_cast<int>(SyslogSink::kPatience.count())) == 1 &&
         (wait.revents & POLLOUT) != 0;
}

}  // namespace

SyslogSink::SyslogSink(Options options) : options_(std::move(options)) {}

SyslogSink::~SyslogSink() {
  close();
}

Result<SyslogSink::Options, std::string> SyslogSink::parse(const std::string& url) {
  Options options;
  std::string_view rest(url);
  if (rest.starts_with("udp://")) {
    options.transport = Options::Transport::udp;
  } else if (rest.starts_with("tcp://")) {
    options.transport = Options::Transport::tcp;
  } else {
    return fail("\"" + url + "\" is not udp://ADDRESS:PORT or tcp://ADDRESS:PORT");
  }
  rest.remove_prefix(6);
  const auto server = endpoint_of(rest);
  if (!server) {
    return fail("\"" + url + "\": \"" + std::string(rest) + "\" is no address and port");
  }
  options.server = *server;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) options.host = name.data();
  return options;
}

void SyslogSink::write(std::span<const std::string> lines) {
  const std::string head = '<' + std::to_string(kPriority) + ">1 " +
                           time_text(std::chrono::system_clock::now().time_since_epoch()) + ' ' +
                           (options_.host.empty() ? "-" : options_.host) + " sluice " +
                           std::to_string(::getpid()) + " audit - ";
  for (const std::string& line : lines) {
    std::string message = head + line;
    if (options_.transport == Options::Transport::tcp) {
      message.insert(0, std::to_string(message.size()) + ' ');
    } else {
      message.resize(std::min(message.size(), kMostDatagram));
    }
    if (waiting_bytes_ + message.size() > kMostWaiting) {
      dropped_ = true;
      continue;
    }
    waiting_bytes_ += message.size();
    waiting_.push_back(std::move(message));
  }
}

bool SyslogSink::flush() {
  while (!waiting_.empty() && (socket_ >= 0 || connect())) {
    if (!send_all(waiting_.front())) break;
    waiting_bytes_ -= waiting_.front().size();
    waiting_.pop_front();
  }
  return !std::exchange(dropped_, false);
}

bool SyslogSink::reopen() {
  return true;  // nothing is rotated there
}

void SyslogSink::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void SyslogSink::fail_for_now(const char* what) {
  error_ = options_.server.to_string() + ": " + what + ": " + std::strerror(errno);
  close();
  next_try_ = Clock::now() + pause_;
  pause_ = std::min<Clock::duration>(pause_ * 2, kLongestPause);
}

bool SyslogSink::connect() {
  if (Clock::now() < next_try_) return false;
  const bool is_tcp = options_.transport == Options::Transport::tcp;
  const Address address = address_of(options_.server);
  socket_ = ::socket(address.bytes.ss_family,
                     (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) {
    fail_for_now("no socket");
    return false;
  }
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) != 0) {
    if (errno != EINPROGRESS || !wait_until_writable(socket_)) {
      fail_for_now("cannot be reached");
      return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) {
      fail_for_now("cannot be reached");
      return false;
    }
  }
  pause_ = std::chrono::seconds(1);
  return true;
}

// A message that was sent in part is lost with its connection: the server discards the rest.
bool SyslogSink::send_all(const std::string& message) {
  std::string_view left = message;
  bool may_be_refused = options_.transport == Options::Transport::udp;  // said of one before it
  while (!left.empty()) {
    const ssize_t sent = ::send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == ECONNREFUSED && std::exchange(may_be_refused, false)) continue;
    if ((errno == EAGAIN || errno == EWOULDBLOCK) && wait_until_writable(socket_)) continue;
    fail_for_now("cannot be written");
    return false;
  }
  return true;
}

}  // namespace sluice::telemetry
