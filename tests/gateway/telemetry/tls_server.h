#pragma once

// A TLS server on the loopback interface, with certificates made for the test; nothing leaves the
// machine. It keeps what it was sent.

#include <filesystem>
#include <memory>
#include <string>

namespace sluice::telemetry {

struct CertificateFiles {
  std::filesystem::path cert, key;
};
// Signed by itself, so that it is its own authority. `names` as OpenSSL writes them:
// `DNS:log.example,IP:127.0.0.1`. It holds from now on for `seconds`, which may be below 0.
[[nodiscard]] CertificateFiles make_certificate(const std::filesystem::path& folder,
                                                const std::string& file, const std::string& names,
                                                long seconds = 3600);

class TlsServer {
 public:
  struct Options {
    CertificateFiles own;
    std::filesystem::path
        clients;        // authorities of clients' certificates; empty: none is asked for
    bool reads = true;  // false: it shakes hands, and takes no byte after
  };
  explicit TlsServer(const Options& options);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  // What all connections brought so far.
  [[nodiscard]] std::string received() const;
  // Ends the connection that is open.
  void hang_up();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::telemetry
