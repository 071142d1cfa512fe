#pragma once

// The console's HTTP server (libmicrohttpd), in a thread of its own.
//
//   socket ─► libmicrohttpd: connections, HTTP/1.1, query ─► Request ─► Handler ─► Reply + headers
//
// What a peer may cost is bounded. It reaches the gateway only through the Handler.
//
//   peers      `peers`; further ones wait to be accepted. `peers_of_one` of an address: one more is
//              closed
//   a request  kMaxHead bytes, and no body is read
//   time       `patience` from the connection to its end, whatever it does; one request each
//
// Threads: open() and the destructor from one thread; the Handler is called in the server's own.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/console/exchange.h"

namespace sluice::console {

class Server {
 public:
  static constexpr std::size_t kMaxHead = std::size_t{16} * 1024;

  struct Limits {
    unsigned peers = 32;
    unsigned peers_of_one = 16;
    std::chrono::milliseconds patience = std::chrono::seconds(10);
  };
  struct Options {
    Endpoint listen;              // port 0: any
    std::vector<IpPrefix> allow;  // none: everyone; others are closed when they connect
    Limits limits = {};
  };
  // May not throw.
  using Handler = std::function<Reply(const Request&)>;

  // Listens, and answers nobody yet. Error: one line with the address.
  [[nodiscard]] static Result<std::unique_ptr<Server>, std::string> open(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Answers from now on. Call once, after signals were blocked: its thread inherits that.
  void start(Handler handler);
  [[nodiscard]] const Endpoint& address() const noexcept;

 private:
  class Daemon;
  explicit Server(std::unique_ptr<Daemon> daemon);

  std::unique_ptr<Daemon> daemon_;
};

}  // namespace sluice::console
