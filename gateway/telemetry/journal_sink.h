#pragma once

// Sends audit lines to systemd's journal, an entry each, by its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram of fields.
//
//   MESSAGE={"v":1, … }
//   PRIORITY=5  SYSLOG_FACILITY=13  SYSLOG_IDENTIFIER=sluice
//   SLUICE_APP=wechat  SLUICE_NAME=web.wechat.com  SLUICE_ACTION=drop  SLUICE_CLIENT=192.0.2.1
//
// The last four are there if the record has them. It does without libsystemd's sd_journal_sendv,
// which waits while journald is stalled, and loses entries in silence where no journal is.
// Never waits: what the journal does not take stays in a LineQueue and is tried again. A line that
// is too large for a datagram (net.core.wmem_max, usually 208 KiB) is lost and counted.

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/os/descriptor.h"
#include "gateway/telemetry/audit_sink.h"
#include "gateway/telemetry/line_queue.h"
#include "gateway/telemetry/once_a_minute.h"

namespace sluice::telemetry {

class JournalSink final : public AuditSink {
 public:
  static constexpr const char* kSocket = "/run/systemd/journal/socket";

  // REQUIRES: the path is shorter than that of a Unix socket may be (108 bytes).
  explicit JournalSink(std::string path = kSocket);
  ~JournalSink() override;

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  void idle() override;
  [[nodiscard]] std::uint64_t take_late_losses() override;
  bool reopen() override { return true; }
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  enum class Sent : std::uint8_t { yes, not_yet, never };

  Sent send(const std::string& entry);

  std::string path_;
  os::Descriptor socket_;
  std::vector<std::string> batch_;  // since the last flush
  LineQueue waiting_;
  std::uint64_t too_large_ = 0;
  std::string error_;
  OnceAMinute complaint_;
};

}  // namespace sluice::telemetry
