#pragma once

// Sends audit lines to a syslog server (RFC 5424), a message each: over UDP (RFC 5426), or TCP with
// counted octets (RFC 6587 section 3.4.1).
//
//   <109>1 2026-11-28T06:01:40.000000Z gw1 sluice 4711 audit - {"v":1, … }
//
// Over TCP lines wait while the server is away, kMostWaiting bytes at most; it is tried again after
// a pause that grows to a minute. Over UDP nobody tells whether a message came, and one over
// kMostDatagram is cut. Never waits for longer than kPatience at a time.
// Errors: flush() is false where lines were dropped.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class SyslogSink final : public AuditSink {
 public:
  static constexpr std::size_t kMostWaiting = 4 * 1024 * 1024;
  static constexpr std::size_t kMostDatagram = 8192;
  static constexpr std::chrono::milliseconds kPatience{1000};

  struct Options {
    enum class Transport : std::uint8_t { udp, tcp };
    Transport transport = Transport::udp;
    Endpoint server;
    std::string host;  // what messages are from
  };
  explicit SyslogSink(Options options);
  ~SyslogSink() override;

  // `udp://192.0.2.1:514`, `tcp://[2001:db8::1]:601`. Error: what is wrong.
  [[nodiscard]] static Result<Options, std::string> parse(const std::string& url);

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool connect();
  [[nodiscard]] bool send_all(const std::string& message);
  void close();
  void fail_for_now(const char* what);

  Options options_;
  int socket_ = -1;
  std::deque<std::string> waiting_;  // messages, framed
  std::size_t waiting_bytes_ = 0;
  bool dropped_ = false;  // since the last flush
  Clock::time_point next_try_{};
  Clock::duration pause_ = std::chrono::seconds(1);
  std::string error_;
};

}  // namespace sluice::telemetry
