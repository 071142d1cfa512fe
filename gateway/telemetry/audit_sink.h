#pragma once

// Where audit lines go: a file, a syslog server, the journal, Kafka, or several of them
// (tee_sink.h).
//
// Threads: AuditWriter calls all functions from its one thread. They may block for a bounded time,
// and allocate. Errors: flush() says whether lines were lost, error() says why.

#include <cstdint>
#include <span>
#include <string>

namespace sluice::telemetry {

class AuditSink {
 public:
  AuditSink() = default;
  AuditSink(const AuditSink&) = delete;
  AuditSink& operator=(const AuditSink&) = delete;
  virtual ~AuditSink() = default;

  // Takes lines without their ends. It may keep them until flush().
  virtual void write(std::span<const std::string> lines) = 0;
  // Writes them, or keeps them until they can be sent. False: the lines since the last flush are
  // lost. Later lines may succeed again.
  [[nodiscard]] virtual bool flush() = 0;
  // Called several times a second while there are no lines: sends what waits.
  virtual void idle() {}
  // Lines that flush() took and that are lost all the same, since the last call.
  [[nodiscard]] virtual std::uint64_t take_late_losses() { return 0; }
  // Lines so far that destinations beside the first one lost (tee_sink.h).
  [[nodiscard]] virtual std::uint64_t lost_beside() const noexcept { return 0; }
  // For log rotation. False: the destination cannot be opened; flush() tries again.
  virtual bool reopen() = 0;
  // Why the last call failed, with the name of the destination.
  [[nodiscard]] virtual std::string error() const = 0;
};

}  // namespace sluice::telemetry
