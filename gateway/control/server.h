#pragma once

// The control socket of a running gateway: takes requests of local processes, answers them.
//
//   event loop ─► serve() ─► accept, credentials ─► line ─► parse ─► rights ─► Handler ─► reply
//                                                                      └► later: answer()
//
// It is one descriptor to the event loop (an epoll instance with all peers in it), which is
// readable while there is something to do. serve() never blocks. What a peer may cost is bounded:
//
//   peers      `most_peers`; `kept_for_admins` of them cannot be taken by readers. One too many is
//              told so and closed
//   a request  kMaxRequest bytes, and `patience` from the end of the one before to its own
//   a reply    kMaxReply bytes, and `patience` to read it; no further request is taken meanwhile
//
// Who has no rights is told so and closed at once, and holds no place.
// Threads: all functions are for one thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "filters/base/result.h"
#include "gateway/control/line_buffer.h"
#include "gateway/control/peer_credentials.h"
#include "gateway/control/protocol.h"
#include "gateway/control/socket_file.h"

namespace sluice::control {

enum class PeerId : std::uint64_t {};

class Server {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Limits {
    std::size_t most_peers = 32;
    std::size_t kept_for_admins = 8;
    std::chrono::nanoseconds patience = std::chrono::seconds(10);
  };
  struct Options {
    std::filesystem::path path;
    Access access;
    Limits limits = {};
  };
  struct Asker {
    PeerId id;
    const Credentials& who;
  };
  // A line without its end, or nothing: answer() will give it. What it throws becomes an error.
  using Handler = std::function<std::optional<std::string>(const Request&, const Asker&)>;

  // Error: one line with the path. The file is open to the owner alone if no group has rights.
  [[nodiscard]] static Result<std::unique_ptr<Server>, std::string> open(Options options,
                                                                         Handler handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return epoll_.value(); }
  void serve(Time now);
  // Closes peers whose time is over. Call it every second or so.
  void expire(Time now);
  // The reply to a request that is still open. Nothing happens if the peer is gone.
  void answer(PeerId peer, std::string line, Time now);

  [[nodiscard]] std::size_t peers() const noexcept { return peers_.size(); }

 private:
  struct Peer {
    os::Descriptor socket;
    Credentials who;
    Rights rights = Rights::none;
    LineBuffer in{kMaxRequest};
    std::string out;  // the reply, from `sent` on still to be written
    std::size_t sent = 0;
    Time deadline;             // not while it waits for answer()
    bool waits = false;        // for answer()
    bool ended = false;        // it sends no more
    bool closing = false;      // as soon as `out` is written
    std::uint32_t events = 0;  // as epoll has them
  };
  using Peers = std::unordered_map<std::uint64_t, Peer>;

  Server(Options options, Handler handler, SocketFile file, os::Descriptor epoll);
  [[nodiscard]] bool listen(bool on);
  void accept_some(Time now);
  void admit(os::Descriptor socket, Time now);
  void look_at(std::uint64_t id, std::uint32_t events, Time now);
  // False: the peer is to be closed.
  [[nodiscard]] bool read(Peer& peer);
  [[nodiscard]] bool write(Peer& peer, Time now);
  [[nodiscard]] bool go_on(std::uint64_t id, Peer& peer, Time now);
  void take(std::uint64_t id, Peer& peer, const std::string& line);
  void say(Peer& peer, std::string line) const;
  void say(Peer& peer, const Error& error) const;
  [[nodiscard]] bool watch(std::uint64_t id, Peer& peer);

  Options options_;
  Handler handler_;
  SocketFile file_;
  os::Descriptor epoll_;
  bool listening_ = false;  // off while there is no descriptor for another peer
  std::uint64_t next_id_ = 1;
  Peers peers_;
};

}  // namespace sluice::control
