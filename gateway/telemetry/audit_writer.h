#pragma once

// Drains the rings of the workers into a sink, in a thread of its own; and shows each record to a
// tap on the way.
//
// stop() and the destructor drain the rings once more: stop the workers before.
// Its first line says that the process began. Errors: records that the sink loses are counted and
// said on the log, once a minute at most, and in the trail itself once it can be written again.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/audit/chain.h"
#include "gateway/telemetry/audit.h"
#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class AuditWriter {
 public:
  using Tap = std::function<void(const AuditRecord&)>;  // called in its thread

  // No sink: only the tap sees the records. `rings` outlive it. `before`: the last value of the
  // chain in the trail. Throws std::system_error when no thread can be started.
  AuditWriter(std::unique_ptr<AuditSink> sink, AuditOptions options, std::vector<AuditRing*> rings,
              Tap tap = {}, const audit::ChainValue& before = {});
  ~AuditWriter();
  AuditWriter(const AuditWriter&) = delete;
  AuditWriter& operator=(const AuditWriter&) = delete;

  void stop();
  // Notes an update of the lists. From any thread; its time is now.
  void note(const UpdateRecord& update);
  // Opens the destination again, for log rotation. From any thread.
  void reopen() noexcept;
  [[nodiscard]] std::uint64_t written() const noexcept;
  // Records that the sink lost, for example because the disk was full.
  [[nodiscard]] std::uint64_t failed() const noexcept;
  // Lines that destinations beside the first one lost.
  [[nodiscard]] std::uint64_t lost_beside() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::telemetry
