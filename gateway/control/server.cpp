#include "gateway/control/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace sluice::control {
namespace {

constexpr std::uint64_t kListener = 0;
// In one call of serve(), so that all else in the event loop gets its turn.
constexpr int kMostAccepted = 64;

void tell(int socket, ErrorCode code, std::string text) noexcept {
  // Into the empty buffer of a new connection: it fits, or the peer is gone.
  const std::string line = error_line({code, std::move(text)}) + '\n';
  static_cast<void>(::send(socket, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0);
}

bool would_block() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Result<std::unique_ptr<Server>, std::string> Server::open(Options options, Handler handler) {
  // With groups, everybody may connect: the peer's credentials decide, as two groups cannot own
  // one file.
  const bool has_groups = options.access.read_group || options.access.admin_group;
  constexpr mode_t kOwner = S_IRUSR | S_IWUSR;
  constexpr mode_t kAll = kOwner | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
  auto file = SocketFile::open(options.path, has_groups ? kAll : kOwner);
  if (!file) return fail(file.error());
  os::Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return fail(std::string("control socket: ") + std::strerror(errno));
  std::unique_ptr<Server> server(
      new Server(std::move(options), std::move(handler), std::move(*file), std::move(epoll)));
  if (!server->listen(true)) return fail(std::string("control socket: ") + std::strerror(errno));
  return server;
}

Server::Server(Options options, Handler handler, SocketFile file, os::Descriptor epoll)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      file_(std::move(file)),
      epoll_(std::move(epoll)) {}

bool Server::listen(bool on) {
  if (listening_ == on) return true;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListener;
  const int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
  if (::epoll_ctl(epoll_.value(), operation, file_.descriptor(), &event) != 0) return false;
  listening_ = on;
  return true;
}

void Server::serve(Time now) {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(epoll_.value(), events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    if (event.data.u64 == kListener) {
      accept_some(now);
    } else {
      look_at(event.data.u64, event.events, now);
    }
  }
}

void Server::accept_some(Time now) {
  for (int i = 0; i < kMostAccepted; ++i) {
    os::Descriptor socket(
        ::accept4(file_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.is_open()) {
      admit(std::move(socket), now);
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR) continue;
    // No descriptor is left: to try at once again would keep a core busy. expire() goes on.
    if (!would_block()) static_cast<void>(listen(false));
    return;
  }
}

void Server::admit(os::Descriptor socket, Time now) {
  auto who = credentials_of(socket.value());
  const Rights rights = who ? rights_of(*who, options_.access) : Rights::none;
  if (rights == Rights::none) {
    tell(socket.value(), ErrorCode::forbidden,
         "only root, the gateway's own user, and members of [control] read_group and admin_group "
         "may ask");
    return;
  }
  const Limits& limits = options_.limits;
  const std::size_t places =
      limits.most_peers - (rights == Rights::admin ? 0 : limits.kept_for_admins);
  if (peers_.size() >= places) {
    tell(socket.value(), ErrorCode::busy, "too many others are connected; try again");
    return;
  }
  Peer peer;
  peer.socket = std::move(socket);
  peer.who = std::move(*who);
  peer.rights = rights;
  peer.deadline = now + limits.patience;
  const std::uint64_t id = next_id_++;
  epoll_event event{};
  event.events = peer.events = EPOLLIN;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, peer.socket.value(), &event) != 0) return;
  peers_.emplace(id, std::move(peer));
}

void Server::look_at(std::uint64_t id, std::uint32_t events, Time now) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  const bool is_gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  const bool reads = !peer.waits && peer.out.empty() && !peer.ended;
  const bool goes_on = reads ? read(peer) : !is_gone;
  if (!goes_on || !go_on(id, peer, now)) peers_.erase(id);
}

bool Server::read(Peer& peer) {
  std::array<char, kMaxRequest> bytes;
  const ssize_t count = ::recv(peer.socket.value(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0) return would_block();
  peer.ended = count == 0;
  peer.in.add({bytes.data(), static_cast<std::size_t>(count)});
  return true;
}

// Writes what there is to write, and takes requests until one has no reply yet or its reply does
// not fit the socket.
bool Server::go_on(std::uint64_t id, Peer& peer, Time now) {
  for (;;) {
    if (!write(peer, now)) return false;
    if (!peer.out.empty() || peer.waits) break;
    if (peer.closing) return false;
    const auto line = peer.in.next();
    if (line) {
      peer.deadline = now + options_.limits.patience;
      take(id, peer, *line);
    } else if (peer.in.is_overfull()) {
      say(peer, Error{ErrorCode::too_large,
                      "a request has at most " + std::to_string(kMaxRequest) + " bytes"});
    } else if (!peer.ended) {
      break;
    } else if (peer.in.size() > 0) {
      say(peer, Error{ErrorCode::malformed, "the line has no end"});
    } else {
      return false;
    }
  }
  return watch(id, peer);
}

bool Server::write(Peer& peer, Time now) {
  while (peer.sent < peer.out.size()) {
    const std::string_view rest = std::string_view(peer.out).substr(peer.sent);
    const ssize_t count =
        ::send(peer.socket.value(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return would_block();
    peer.sent += static_cast<std::size_t>(count);
  }
  if (!peer.out.empty()) peer.deadline = now + options_.limits.patience;
  peer.out = {};
  peer.sent = 0;
  return true;
}

void Server::take(std::uint64_t id, Peer& peer, const std::string& line) {
  const auto request = parse_request(line);
  if (!request) return say(peer, request.error());
  if (peer.rights < needed_for(*request)) {
    return say(peer, Error{ErrorCode::forbidden, "`" + std::string(to_string(request->command)) +
                                                     "` is for members of [control] admin_group"});
  }
  peer.waits = true;  // the handler may call answer() itself
  try {
    auto reply = handler_(*request, {PeerId{id}, peer.who});
    if (reply) say(peer, std::move(*reply));
  } catch (const std::exception& error) {
    say(peer, Error{ErrorCode::internal, error.what()});
  }
}

void Server::say(Peer& peer, std::string line) const {
  if (line.size() > kMaxReply) {
    line = error_line({ErrorCode::internal, "the reply is too large: ask with a lower limit"});
  }
  peer.waits = false;
  peer.out = std::move(line);
  peer.out += '\n';
  peer.sent = 0;
}

void Server::say(Peer& peer, const Error& error) const {
  peer.closing |= ends_connection(error.code);
  say(peer, error_line(error));
}

bool Server::watch(std::uint64_t id, Peer& peer) {
  const bool reads = !peer.waits && peer.out.empty() && !peer.ended;
  const std::uint32_t events =
      (reads ? std::uint32_t{EPOLLIN} : 0) | (peer.out.empty() ? 0 : std::uint32_t{EPOLLOUT});
  if (events == peer.events) return true;
  epoll_event event{};
  event.events = peer.events = events;
  event.data.u64 = id;
  return ::epoll_ctl(epoll_.value(), EPOLL_CTL_MOD, peer.socket.value(), &event) == 0;
}

void Server::answer(PeerId peer, std::string line, Time now) {
  const auto id = static_cast<std::uint64_t>(peer);
  const auto found = peers_.find(id);
  if (found == peers_.end() || !found->second.waits) return;
  say(found->second, std::move(line));
  found->second.deadline = now + options_.limits.patience;
  // It may be the handler that calls: serve() writes it.
  static_cast<void>(watch(id, found->second));
}

void Server::expire(Time now) {
  static_cast<void>(listen(true));
  std::vector<std::uint64_t> late;
  for (const auto& [id, peer] : peers_) {
    if (!peer.waits && now >= peer.deadline) late.push_back(id);
  }
  for (const std::uint64_t id : late) {
    const Peer& peer = peers_.at(id);
    if (peer.out.empty()) {
      tell(peer.socket.value(), ErrorCode::timeout, "no request came in time");
    }
    peers_.erase(id);
  }
}

}  // namespace sluice::control
