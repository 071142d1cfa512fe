#pragma once

// Gives audit lines to a first destination, and to others beside it. Only the first one decides
// whether a line is lost, and so where the chain goes on; what others lose is counted
// (lost_beside()), and said on the log, once a minute at most.

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/telemetry/audit_sink.h"
#include "gateway/telemetry/once_a_minute.h"

namespace sluice::telemetry {

class TeeSink final : public AuditSink {
 public:
  // REQUIRES: none is null.
  TeeSink(std::unique_ptr<AuditSink> first, std::vector<std::unique_ptr<AuditSink>> others)
      : first_(std::move(first)), others_(std::move(others)) {}

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  void idle() override;
  [[nodiscard]] std::uint64_t take_late_losses() override { return first_->take_late_losses(); }
  bool reopen() override;
  [[nodiscard]] std::string error() const override { return first_->error(); }
  [[nodiscard]] std::uint64_t lost_beside() const noexcept override { return lost_beside_; }

 private:
  void note_losses(AuditSink& other, std::uint64_t lines);

  std::unique_ptr<AuditSink> first_;
  std::vector<std::unique_ptr<AuditSink>> others_;
  std::uint64_t pending_ = 0;  // lines since the last flush
  std::uint64_t lost_beside_ = 0;
  OnceAMinute complaint_;
};

}  // namespace sluice::telemetry
