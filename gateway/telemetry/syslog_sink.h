#pragma once

// Sends audit lines to a syslog server (RFC 5424), a message each: over UDP (RFC 5426), over TCP
// with counted octets (RFC 6587 section 3.4.1), or the same over TLS (RFC 5425).
//
//   <109>1 2026-11-28T06:01:40.000000Z gw1 sluice 4711 audit - {"v":1, … }
//
// Over TCP and TLS lines wait in a LineQueue while the server is away, or its certificate is
// refused; it is tried again after a pause that grows to a minute. Lines that were on their way
// when a connection breaks are lost, and nobody tells. Over UDP nobody tells whether a message
// came, and one over kMostDatagram is cut.
// Waits for kPatience at most to connect, and each time the server takes no bytes; for kHandshake
// over TLS; and for the system's resolver, if the server has a name.
// Errors: flush() is false where lines were dropped. Why the server cannot be reached is said on
// the log, once a minute at most.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/telemetry/audit_sink.h"
#include "gateway/telemetry/line_queue.h"
#include "gateway/telemetry/once_a_minute.h"
#include "gateway/telemetry/tls_client.h"

namespace sluice::telemetry {

class SyslogSink final : public AuditSink {
 public:
  static constexpr std::size_t kMostDatagram = 8192;
  static constexpr std::chrono::milliseconds kPatience{1000};
  static constexpr std::chrono::milliseconds kHandshake{3000};

  struct Options {
    enum class Transport : std::uint8_t { udp, tcp, tls };
    Transport transport = Transport::udp;
    Endpoint server;   // its port only, if it has a name
    std::string name;  // of the server, over TLS; empty: it has an address
    std::string host;  // what messages are from
    // Over TLS, as in TlsClient::Options.
    std::filesystem::path ca_file, cert_file, key_file;
    [[nodiscard]] std::string server_text() const;
  };
  // `udp://192.0.2.1:514`, `tcp://[2001:db8::1]:601`, `tls://log.example:6514`. Error: what is
  // wrong.
  [[nodiscard]] static Result<Options, std::string> parse(const std::string& url);
  // Error: the file that cannot be used, as TlsClient says it.
  [[nodiscard]] static Result<std::unique_ptr<SyslogSink>, std::string> make(Options options);
  ~SyslogSink() override;

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  void idle() override;
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  using Clock = std::chrono::steady_clock;

  SyslogSink(Options options, std::unique_ptr<TlsClient> tls);
  [[nodiscard]] bool connect();
  [[nodiscard]] bool connect_to(const Endpoint& server);
  [[nodiscard]] bool send_all(const std::string& message);
  [[nodiscard]] bool send_plain(std::string_view bytes);
  void close();
  // False. `why`: empty: errno tells.
  bool fail_for_now(const char* what, const std::string& why = {});

  Options options_;
  std::unique_ptr<TlsClient> tls_;  // null: another transport
  int socket_ = -1;
  std::vector<std::string> batch_;  // since the last flush, framed
  LineQueue waiting_;
  Clock::time_point next_try_{};
  Clock::duration pause_ = std::chrono::seconds(1);
  std::string error_;
  OnceAMinute complaint_;
};

}  // namespace sluice::telemetry
