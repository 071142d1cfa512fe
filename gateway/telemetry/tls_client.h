#pragma once

// TLS to a server whose certificate is verified, with its name, over a socket of the caller that
// does not block. TLS 1.2 or later.
//
// Never waits for longer than `patience`, on the whole for open(), each time the peer takes no
// bytes for send(). REQUIRES: SIGPIPE is ignored. One thread. Allocates.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "filters/base/result.h"

namespace sluice::telemetry {

class TlsClient {
 public:
  struct Options {
    std::string name;                 // that the certificate must have: a host name or an address
    std::filesystem::path ca_file;    // PEM; empty: the authorities that the system trusts
    std::filesystem::path cert_file;  // PEM, of the client; empty: none
    std::filesystem::path key_file;   // PEM, of that certificate
  };
  // Error: `ca_file: PATH: …`, and likewise of the other files.
  [[nodiscard]] static Result<std::unique_ptr<TlsClient>, std::string> make(Options options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Shakes hands. Error: what the peer's certificate, or the peer, lacks.
  [[nodiscard]] Result<void, std::string> open(int socket, std::chrono::milliseconds patience);
  // REQUIRES: open, as the next ones.
  [[nodiscard]] Result<void, std::string> send(std::string_view bytes,
                                               std::chrono::milliseconds patience);
  // Reads and discards what the peer sent. False: it closed the connection, or broke it.
  [[nodiscard]] bool is_alive();
  // Says goodbye. The socket stays open.
  void close() noexcept;

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sluice::telemetry
