#pragma once

// Where audit lines go: a file (file_sink.h), and later other destinations.
//
// Threads: AuditWriter calls all functions from its one thread. They may block and allocate.
// Errors: flush() says whether lines were lost, error() says why.

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
  // False: some of the lines since the last flush are lost. Later lines may succeed again.
  [[nodiscard]] virtual bool flush() = 0;
  // For log rotation. False: the destination cannot be opened; flush() tries again.
  virtual bool reopen() = 0;
  // Why the last flush() or reopen() failed, with the name of the destination.
  [[nodiscard]] virtual std::string error() const = 0;
};

}  // namespace sluice::telemetry
