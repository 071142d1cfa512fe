#include "gateway/telemetry/syslog_sink.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/spdlog.h>
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
#include "gateway/telemetry/host_name.h"

namespace sluice::telemetry {
namespace {

constexpr int kPriority = 13 * 8 + 5;  // facility "log audit", severity "notice"
constexpr auto kLongestPause = std::chrono::minutes(1);
constexpr std::size_t kMostAddresses = 4;  // of a name, that are tried

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

std::optional<Port> port_of(std::string_view digits) {
  Port port;
  const char* const behind = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), behind, port.number);
  if (error != std::errc() || end != behind || port == Port{0}) return std::nullopt;
  return port;
}

std::optional<IpAddress> address_in(std::string_view host) {
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  return address && address->is_v4() != is_bracketed ? address : std::nullopt;
}

// Letters, digits, hyphens and dots; but no address that was mistyped.
bool is_host_name(std::string_view host) {
  constexpr std::size_t kMost = 253;
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !host.empty() && host.size() <= kMost &&
         host.find_first_not_of(kLetters) == std::string_view::npos &&
         last.find_first_not_of("0123456789") != std::string_view::npos;
}

// Of a name as the system resolves it. Error: why it does not.
Result<std::vector<Endpoint>, std::string> look_up(const std::string& name, Port port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &wanted, &found); error != 0) {
    return fail(std::string(::gai_strerror(error)));
  }
  std::vector<Endpoint> servers;
  for (const addrinfo* one = found; one != nullptr && servers.size() < kMostAddresses;
       one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    if (const auto address = IpAddress::parse(text.data())) servers.push_back({*address, port});
  }
  ::freeaddrinfo(found);
  return servers;
}

// Until it can be written; false: not within the patience.
bool wait_until_writable(int socket) {
  pollfd wait{socket, POLLOUT, 0};
  return ::poll(&wait, 1, static_cast<int>(SyslogSink::kPatience.count())) == 1 &&
         (wait.revents & POLLOUT) != 0;
}

}  // namespace

std::string SyslogSink::Options::server_text() const {
  return name.empty() ? server.to_string() : name + ':' + std::to_string(server.port.number);
}

SyslogSink::SyslogSink(Options options, std::unique_ptr<TlsClient> tls)
    : options_(std::move(options)), tls_(std::move(tls)) {}

SyslogSink::~SyslogSink() {
  if (!waiting_.empty()) {
    spdlog::error("audit: {}: {} lines were not sent and are lost", options_.server_text(),
                  waiting_.size());
  }
  close();
}

Result<SyslogSink::Options, std::string> SyslogSink::parse(const std::string& url) {
  using Transport = Options::Transport;
  Options options;
  if (url.starts_with("udp://")) {
    options.transport = Transport::udp;
  } else if (url.starts_with("tcp://")) {
    options.transport = Transport::tcp;
  } else if (url.starts_with("tls://")) {
    options.transport = Transport::tls;
  } else {
    return fail("\"" + url + "\" is not udp://ADDRESS:PORT, tcp://ADDRESS:PORT or tls://HOST:PORT");
  }
  const std::string_view rest = std::string_view(url).substr(6);
  const std::size_t colon = rest.rfind(':');
  const std::string_view host = rest.substr(0, colon);
  const auto address = address_in(host);
  const bool has_name = !address && options.transport == Transport::tls && is_host_name(host);
  const auto port =
      colon == std::string_view::npos ? std::nullopt : port_of(rest.substr(colon + 1));
  if (!port || (!address && !has_name)) {
    return fail("\"" + url + "\": \"" + std::string(rest) + "\" is no address" +
                (options.transport == Transport::tls ? " or name" : "") + " and port");
  }
  options.server = {address.value_or(IpAddress{}), *port};
  if (has_name) options.name = host;
  options.host = host_name();
  return options;
}

Result<std::unique_ptr<SyslogSink>, std::string> SyslogSink::make(Options options) {
  std::unique_ptr<TlsClient> tls;
  if (options.transport == Options::Transport::tls) {
    auto made = TlsClient::make(
        {.name = options.name.empty() ? options.server.address.to_string() : options.name,
         .ca_file = options.ca_file,
         .cert_file = options.cert_file,
         .key_file = options.key_file});
    if (!made) return fail(made.error());
    tls = std::move(*made);
  }
  return std::unique_ptr<SyslogSink>(new SyslogSink(std::move(options), std::move(tls)));
}

void SyslogSink::write(std::span<const std::string> lines) {
  const std::string head = '<' + std::to_string(kPriority) + ">1 " +
                           time_text(std::chrono::system_clock::now().time_since_epoch()) + ' ' +
                           (options_.host.empty() ? "-" : options_.host) + " sluice " +
                           std::to_string(::getpid()) + " audit - ";
  for (const std::string& line : lines) {
    std::string message = head + line;
    if (options_.transport == Options::Transport::udp) {
      message.resize(std::min(message.size(), kMostDatagram));
    } else {
      message.insert(0, std::to_string(message.size()) + ' ');
    }
    batch_.push_back(std::move(message));
  }
}

bool SyslogSink::flush() {
  const bool has_room = waiting_.push(std::exchange(batch_, {}));
  idle();
  return has_room;
}

void SyslogSink::idle() {
  if (waiting_.empty()) return;
  // A server may close a connection that is idle. What is written then is lost in silence.
  if (tls_ && socket_ >= 0 && !tls_->is_alive()) close();
  while (!waiting_.empty() && (socket_ >= 0 || connect())) {
    if (!send_all(waiting_.front())) break;
    waiting_.pop();
  }
}

bool SyslogSink::reopen() {
  return true;  // nothing is rotated there
}

void SyslogSink::close() {
  if (tls_) tls_->close();
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool SyslogSink::fail_for_now(const char* what, const std::string& why) {
  error_ = options_.server_text() + ": " + what + (why.empty() ? std::strerror(errno) : why);
  close();
  next_try_ = Clock::now() + pause_;
  pause_ = std::min<Clock::duration>(pause_ * 2, kLongestPause);
  if (complaint_.may()) spdlog::error("audit: {}; {} lines wait", error_, waiting_.size());
  return false;
}

bool SyslogSink::connect() {
  if (Clock::now() < next_try_) return false;
  std::vector<Endpoint> servers{options_.server};
  if (!options_.name.empty()) {
    auto found = look_up(options_.name, options_.server.port);
    if (!found) return fail_for_now("cannot be looked up: ", found.error());
    servers = std::move(*found);
  }
  errno = EADDRNOTAVAIL;  // of a name without an address that could be tried
  if (!std::ranges::any_of(servers, [this](const Endpoint& one) { return connect_to(one); })) {
    return fail_for_now("cannot be reached: ");
  }
  if (tls_) {
    if (const auto opened = tls_->open(socket_, kHandshake); !opened) {
      return fail_for_now("", opened.error());
    }
  }
  pause_ = std::chrono::seconds(1);
  return true;
}

// False: errno tells.
bool SyslogSink::connect_to(const Endpoint& server) {
  const bool is_datagram = options_.transport == Options::Transport::udp;
  const Address address = address_of(server);
  socket_ = ::socket(address.bytes.ss_family,
                     (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0) return false;
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) {
    return true;
  }
  int error = errno;
  if (error == EINPROGRESS) {
    socklen_t size = sizeof error;
    error = ETIMEDOUT;
    if (wait_until_writable(socket_)) {
      ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return true;
  }
  ::close(std::exchange(socket_, -1));
  errno = error;
  return false;
}

// A message that was sent in part is sent again over the next connection: the server discards the
// part.
bool SyslogSink::send_all(const std::string& message) {
  if (!tls_) return send_plain(message);
  const auto sent = tls_->send(message, kPatience);
  return sent || fail_for_now("cannot be written: ", sent.error());
}

bool SyslogSink::send_plain(std::string_view left) {
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
    return fail_for_now("cannot be written: ");
  }
  return true;
}

}  // namespace sluice::telemetry
