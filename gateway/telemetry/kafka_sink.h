#pragma once

// Sends audit lines to a topic of Kafka (librdkafka), a message each. The key of all is the host's
// name, so that the lines of one gateway stay in one partition, in order, and the chain can be
// verified there. Each message comes once (idempotent producer, acknowledged by all replicas).
//
// Never waits, but for kFarewell in the destructor: librdkafka's own threads send. kMostWaiting
// bytes may wait; what is not acknowledged within `patience`, and a batch without room, is lost and
// counted. Why brokers cannot be reached is said on the log, once a minute at most. A producer that
// librdkafka gives up for good is made anew, once a minute at most.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/telemetry/audit_sink.h"

namespace sluice::telemetry {

class KafkaSink final : public AuditSink {
 public:
  static constexpr std::size_t kMostWaiting = 4 * 1024 * 1024;
  static constexpr std::chrono::milliseconds kFarewell{2000};

  struct Options {
    std::string brokers;  // `192.0.2.8:9092,192.0.2.9:9092`
    std::string topic;
    std::string host;                  // the key of all messages; empty: this machine's name
    std::vector<std::string> options;  // librdkafka's own: `security.protocol=ssl`
    std::chrono::milliseconds patience{300'000};
  };
  // Error: `brokers: …`, `topic: …` or `options: …`.
  [[nodiscard]] static Result<std::unique_ptr<KafkaSink>, std::string> make(Options options);
  ~KafkaSink() override;

  void write(std::span<const std::string> lines) override;
  [[nodiscard]] bool flush() override;
  void idle() override;
  [[nodiscard]] std::uint64_t take_late_losses() override;
  bool reopen() override { return true; }
  [[nodiscard]] std::string error() const override;
  // Messages that the brokers acknowledged.
  [[nodiscard]] std::uint64_t delivered() const noexcept;

 private:
  struct State;
  explicit KafkaSink(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sluice::telemetry
