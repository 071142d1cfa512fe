#include "gateway/console/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "gateway/os/descriptor.h"

namespace sluice::console {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kBacklog = 16;
constexpr int kNice = 10;  // whoever reads the page can wait

// For every reply. Scripts, styles and requests of the page: our own files only. No page of others
// may frame it, read it or be told where the reader came from, and nothing is kept on disk.
constexpr std::array<std::pair<const char*, const char*>, 8> kHeaders = {
    {{"Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
      "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'; trusted-types 'none'"},
     {"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "no-referrer"},
     {"Cache-Control", "no-store"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Cross-Origin-Opener-Policy", "same-origin"},
     {"X-Frame-Options", "DENY"},
     {"Connection", "close"}}};

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t fill(SocketAddress& to, const Endpoint& endpoint) {
  to = {};
  const Bytes wire = endpoint.address.wire();
  if (endpoint.address.is_v4()) {
    to.v4.sin_family = AF_INET;
    to.v4.sin_port = htons(endpoint.port.number);
    std::memcpy(&to.v4.sin_addr, wire.data(), wire.size());
    return sizeof to.v4;
  }
  to.v6.sin6_family = AF_INET6;
  to.v6.sin6_port = htons(endpoint.port.number);
  std::memcpy(&to.v6.sin6_addr, wire.data(), wire.size());
  return sizeof to.v6;
}

Endpoint endpoint_of(const SocketAddress& from) {
  if (from.any.sa_family == AF_INET) {
    return {IpAddress::from_bytes(std::as_bytes(std::span(&from.v4.sin_addr, 1))),
            Port{ntohs(from.v4.sin_port)}};
  }
  return {IpAddress::from_bytes(std::as_bytes(std::span(&from.v6.sin6_addr, 1))),
          Port{ntohs(from.v6.sin6_port)}};
}

Result<os::Descriptor, std::string> listen_on(const Endpoint& endpoint) {
  const auto failed = [&](const char* what) {
    return fail("console: " + endpoint.to_string() + ": " + what + ": " + std::strerror(errno));
  };
  SocketAddress address;
  const socklen_t size = fill(address, endpoint);
  os::Descriptor socket(
      ::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed("socket");
  const int on = 1;
  static_cast<void>(::setsockopt(socket.value(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  if (!endpoint.address.is_v4()) {  // [::] is not 0.0.0.0 too
    static_cast<void>(::setsockopt(socket.value(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
  }
  if (::bind(socket.value(), &address.any, size) != 0) return failed("bind");
  if (::listen(socket.value(), kBacklog) != 0) return failed("listen");
  return socket;
}

Endpoint bound_to(int socket) {
  SocketAddress address{};
  socklen_t size = sizeof address;
  static_cast<void>(::getsockname(socket, &address.any, &size));
  return endpoint_of(address);
}

std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

// A request as libmicrohttpd gives it away piece by piece.
class RequestReader {
 public:
  static Request read(MHD_Connection* connection, const char* url, std::string_view method) {
    RequestReader reader;
    reader.request_.path = text_of(url);
    reader.request_.is_read = method == MHD_HTTP_METHOD_GET || method == MHD_HTTP_METHOD_HEAD;
    ::MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_header, &reader);
    ::MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument, &reader);
    return std::move(reader.request_);
  }

 private:
  static MHD_Result take_header(void* self, MHD_ValueKind, const char* key, std::size_t key_size,
                                const char* value, std::size_t size) {
    Request& request = static_cast<RequestReader*>(self)->request_;
    const std::string_view name(key, key_size);
    const auto is = [&](const char* known) {
      return name.size() == std::strlen(known) && ::strncasecmp(key, known, name.size()) == 0;
    };
    std::string* const to = is(MHD_HTTP_HEADER_HOST)            ? &request.host
                            : is(MHD_HTTP_HEADER_AUTHORIZATION) ? &request.authorization
                                                                : nullptr;
    if (to == nullptr) return MHD_YES;
    if (!to->empty()) request.is_clear = false;
    if (value != nullptr) to->assign(value, size);
    return MHD_YES;
  }
  static MHD_Result take_argument(void* self, MHD_ValueKind, const char* key, std::size_t key_size,
                                  const char* value, std::size_t size) {
    Request& request = static_cast<RequestReader*>(self)->request_;
    std::string text = value == nullptr ? std::string() : std::string(value, size);
    if (!request.arguments.emplace(std::string(key, key_size), std::move(text)).second) {
      request.is_clear = false;
    }
    return MHD_YES;
  }

  Request request_;
};

using SharedBody = std::shared_ptr<const std::string>;

void let_go(void* body) {
  delete static_cast<SharedBody*>(
      body);  // NOLINT(cppcoreguidelines-owning-memory): C hands it back
}

MHD_Result send(MHD_Connection* connection, const Reply& reply) {
  auto* const held = new SharedBody(reply.body);  // NOLINT(cppcoreguidelines-owning-memory)
  MHD_Response* const response = ::MHD_create_response_from_buffer_with_free_callback_cls(
      (*held)->size(),
      const_cast<char*>(
          (*held)->data()),  // NOLINT(cppcoreguidelines-pro-type-const-cast): it reads
      let_go, held);
  if (response == nullptr) {
    let_go(held);
    return MHD_NO;
  }
  bool is_whole = true;
  const auto add = [&](const char* name, const char* value) {
    if (::MHD_add_response_header(response, name, value) != MHD_YES) is_whole = false;
  };
  for (const auto& [name, value] : kHeaders) add(name, value);
  add(MHD_HTTP_HEADER_CONTENT_TYPE, std::string(reply.type).c_str());
  if (reply.status == MHD_HTTP_UNAUTHORIZED) add(MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
  if (reply.status == MHD_HTTP_METHOD_NOT_ALLOWED) add(MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  // Without its headers a reply is not safe to show.
  const MHD_Result queued =
      is_whole ? ::MHD_queue_response(connection, reply.status, response) : MHD_NO;
  ::MHD_destroy_response(response);
  return queued;
}

}  // namespace

// libmicrohttpd without threads of its own: it is run by ours, so that nothing here needs a lock.
class Server::Daemon {
 public:
  Daemon(Options options, os::Descriptor socket, os::Descriptor wake)
      : options_(std::move(options)), wake_(std::move(wake)), address_(bound_to(socket.value())) {
    const Limits& limits = options_.limits;
    const int descriptor = socket.value();
    const auto whole_seconds =
        static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limits.patience).count());
    daemon_ = ::MHD_start_daemon(MHD_USE_EPOLL, 0, admit, this, take, this,                  //
                                 MHD_OPTION_LISTEN_SOCKET, descriptor,                       //
                                 MHD_OPTION_CONNECTION_LIMIT, limits.peers,                  //
                                 MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits.peers_of_one,    //
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, std::size_t{kMaxHead},  //
                                 MHD_OPTION_CONNECTION_TIMEOUT, whole_seconds,               //
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,                            //
                                 MHD_OPTION_NOTIFY_CONNECTION, note_peer, this,              //
                                 MHD_OPTION_END);
    if (daemon_ != nullptr) socket_ = std::move(socket);
  }
  ~Daemon() {
    if (thread_.joinable()) {
      static_cast<void>(::eventfd_write(wake_.value(), 1));
      thread_.join();
    }
    if (daemon_ == nullptr) return;
    static_cast<void>(::MHD_quiesce_daemon(daemon_));  // gives the socket back, which we close
    ::MHD_stop_daemon(daemon_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return daemon_ != nullptr; }
  [[nodiscard]] const Endpoint& address() const noexcept { return address_; }

  void start(Handler handler) {
    handler_ = std::move(handler);
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "console");
      const auto self = static_cast<id_t>(::syscall(SYS_gettid));
      static_cast<void>(::setpriority(PRIO_PROCESS, self, kNice));
      serve();
    });
  }

 private:
  struct Peer {
    int socket = -1;
    Clock::time_point deadline;
    bool is_over = false;
  };
  using Peers = std::list<Peer>;  // by deadline, as all have the same patience

  void serve() {
    const MHD_DaemonInfo* const info = ::MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
    std::array<pollfd, 2> ready = {pollfd{info->epoll_fd, POLLIN, 0},
                                   pollfd{wake_.value(), POLLIN, 0}};
    while ((ready[1].revents & POLLIN) == 0) {
      // When a place is free again, only the next run listens for who takes it.
      const int wait = std::exchange(has_left_, false) ? 0 : wait_for();
      static_cast<void>(::poll(ready.data(), ready.size(), wait));
      end_peers(Clock::now());
      static_cast<void>(::MHD_run(daemon_));
    }
  }
  // Milliseconds; -1: until something happens.
  [[nodiscard]] int wait_for() const {
    constexpr std::int64_t kLongest = 60'000;
    std::optional<std::int64_t> wait;
    MHD_UNSIGNED_LONG_LONG asked = 0;
    if (::MHD_get_timeout(daemon_, &asked) == MHD_YES) {
      wait = static_cast<std::int64_t>(std::min<MHD_UNSIGNED_LONG_LONG>(asked, kLongest));
    }
    const auto next = std::ranges::find_if(peers_, [](const Peer& peer) { return !peer.is_over; });
    if (next != peers_.end()) {
      const auto rest = std::chrono::ceil<milliseconds>(next->deadline - Clock::now()).count();
      const std::int64_t until = std::clamp<std::int64_t>(rest, 0, kLongest);
      wait = std::min(wait.value_or(until), until);
    }
    return wait ? static_cast<int>(*wait) : -1;
  }
  // libmicrohttpd's own timeout begins anew with each byte.
  void end_peers(Clock::time_point now) {
    for (Peer& peer : peers_) {
      if (peer.deadline > now) return;
      if (std::exchange(peer.is_over, true)) continue;
      static_cast<void>(::shutdown(peer.socket, SHUT_RDWR));
    }
  }

  static MHD_Result admit(void* self, const sockaddr* address, socklen_t size) {
    const auto& allow = static_cast<Daemon*>(self)->options_.allow;
    if (allow.empty()) return MHD_YES;
    SocketAddress peer{};
    std::memcpy(&peer, address, std::min<std::size_t>(size, sizeof peer));
    const IpAddress from = endpoint_of(peer).address;
    const auto holds = [&](const IpPrefix& prefix) { return prefix.contains(from); };
    return std::ranges::any_of(allow, holds) ? MHD_YES : MHD_NO;
  }
  static void note_peer(void* self, MHD_Connection* connection, void** context,
                        MHD_ConnectionNotificationCode what) {
    auto& daemon = *static_cast<Daemon*>(self);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      const auto* const info =
          ::MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
      const auto deadline = Clock::now() + daemon.options_.limits.patience;
      *context = &daemon.peers_.emplace_back(Peer{info->connect_fd, deadline});
    } else {
      daemon.has_left_ = true;
      daemon.peers_.remove_if([&](const Peer& peer) { return &peer == *context; });
    }
  }
  static MHD_Result take(void* self, MHD_Connection* connection, const char* url,
                         const char* method, const char* /*version*/, const char* /*body*/,
                         std::size_t* /*size*/, void** /*context*/) {
    const Request request = RequestReader::read(connection, url, text_of(method));
    return send(connection, static_cast<Daemon*>(self)->handler_(request));
  }

  const Options options_;
  Handler handler_;
  os::Descriptor wake_;
  Endpoint address_;
  Peers peers_;            // of the thread alone
  bool has_left_ = false;  // a peer; likewise
  os::Descriptor socket_;
  MHD_Daemon* daemon_ = nullptr;
  std::thread thread_;
};

Result<std::unique_ptr<Server>, std::string> Server::open(Options options) {
  auto socket = listen_on(options.listen);
  if (!socket) return fail(socket.error());
  os::Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return fail(std::string("console: ") + std::strerror(errno));
  auto daemon = std::make_unique<Daemon>(std::move(options), std::move(*socket), std::move(wake));
  if (!daemon->is_open()) return fail(std::string("console: libmicrohttpd does not start"));
  return std::unique_ptr<Server>(new Server(std::move(daemon)));
}

Server::Server(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}
Server::~Server() = default;

void Server::start(Handler handler) {
  daemon_->start(std::move(handler));
}

const Endpoint& Server::address() const noexcept {
  return daemon_->address();
}

}  // namespace sluice::console
