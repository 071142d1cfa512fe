// New TLS connections, several at a time: connect, handshake, close, again.
//
// usage: bench_wire_tls_connect ADDRESS PORT NAME SECONDS PARALLEL
//
// NAME is the SNI. Certificates are not checked, and sessions are not resumed, so each connection
// is a full handshake. Prints {"connections": N, "failed": N, "seconds": S}.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "benchmarks/wire/helper.h"

namespace {

using namespace sluice::bench;

constexpr long kPatienceSeconds = 2;

bool connect_once(SSL_CTX* context, sockaddr_in server, const char* name) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die_of_errno("cannot open a socket");
  const timeval patience{kPatienceSeconds, 0};
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool made = false;
  if (connect(fd, as_sockaddr(server), sizeof server) == 0) {
    SSL* const tls = SSL_new(context);
    // The macro SSL_set_tlsext_host_name, without its cast in the manner of C.
    SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name));
    SSL_set_fd(tls, fd);
    made = SSL_connect(tls) == 1;
    if (made) SSL_shutdown(tls);
    SSL_free(tls);
  }
  close(fd);
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) die("usage: bench_wire_tls_connect ADDRESS PORT NAME SECONDS PARALLEL");
  std::signal(SIGPIPE, SIG_IGN);
  const sockaddr_in server = ipv4(argv[1], number(argv[2]));
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) die("OpenSSL cannot start");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);

  std::atomic<std::uint64_t> made = 0;
  std::atomic<std::uint64_t> failed = 0;
  const std::uint64_t start = now_ns();
  const std::uint64_t end = after_seconds(std::strtod(argv[4], nullptr));
  std::vector<std::thread> clients;
  const std::uint64_t parallel = number(argv[5]);
  clients.reserve(parallel);
  for (std::uint64_t i = 0; i < parallel; ++i) {
    clients.emplace_back([&] {
      do {
        ++(connect_once(context, server, argv[3]) ? made : failed);
      } while (now_ns() < end);
    });
  }
  for (std::thread& client : clients) client.join();
  SSL_CTX_free(context);
  std::cout << "{\"connections\": " << made << ", \"failed\": " << failed
            << ", \"seconds\": " << static_cast<double>(now_ns() - start) / kNsPerSecond << "}\n";
}
