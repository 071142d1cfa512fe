#pragma once

// Gives audit lines to a first destination, and to others beside it. Only the first one decides
// whether a line is lost, and so where the chain goes on; what others lose is said on the log, once
// a minute at most.

#include <chrono>
#include <memory>
#include <vector>

#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class TeeSink final : public AuditSink {
 public:
  // REQUIRES: none is null.
  TeeSink(std::unique_ptr<AuditSink> first, std::vector<std::unique_ptr<AuditSink>> others)
      : first_(std::move(first)), others_(std::move(others)) {}

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return first_->error(); }

 private:
  std::unique_ptr<AuditSink> first_;
  std::vector<std::unique_ptr<AuditSink>> others_;
  std::chrono::steady_clock::time_point next_complaint_{};
};

}  // namespace sluice::telemetry
