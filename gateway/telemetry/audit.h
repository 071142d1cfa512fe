#pragma once

// The audit trail: what was blocked (or logged), for which app, by which rule of which list.
//
// A worker pushes fixed-size records into a bounded ring (one producer, one consumer, no lock); a
// full ring loses the record and says so: the verdict never waits. A writer thread turns them into
// JSON lines (nlohmann-json) and appends them to a file. Names that pass are never recorded.
// gateway/telemetry/README.md documents the format of a line.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "filters/base/time.h"

namespace sluice::telemetry {

// Text of bounded length, by value; what is longer is cut.
template <std::size_t N>
class FixedText {
 public:
  void assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint16_t>(text.size() < N ? text.size() : N);
    std::memcpy(data_.data(), text.data(), size_);
  }
  [[nodiscard]] std::string_view view() const noexcept { return {data_.data(), size_}; }

 private:
  std::array<char, N> data_;
  std::uint16_t size_ = 0;
};

// All texts are printable ASCII already (names escaped as in zone files).
struct AuditRecord {
  Nanos time{0};  // since the Unix epoch
  FixedText<32> app;
  FixedText<264> rule;
  FixedText<64> list;
  FixedText<16> list_version;
  std::uint32_t line = 0;
  FixedText<256> name;
  FixedText<8> protocol;
  FixedText<8> action;
  FixedText<64> policy;
  std::uint32_t evidence = 0;  // judged by address: how often it was seen under a banned name
  Endpoint client, server;
  std::string_view transport;  // "tcp" or "udp": static storage
};

class AuditRing {
 public:
  // Rounds up to a power of two; the only allocation.
  explicit AuditRing(std::size_t capacity);

  // Producer: a free record to fill in, then commit(); null when the ring is full.
  [[nodiscard]] AuditRecord* reserve() noexcept;
  void commit() noexcept;
  // Consumer: the oldest record, then release(); null when there is none.
  [[nodiscard]] const AuditRecord* front() const noexcept;
  void release() noexcept;

  [[nodiscard]] std::size_t capacity() const noexcept { return records_.size(); }

 private:
  std::vector<AuditRecord> records_;
  alignas(64) std::atomic<std::uint64_t> head_{0};  // next to fill in
  alignas(64) std::atomic<std::uint64_t> tail_{0};  // next to read
};

struct AuditOptions {
  std::filesystem::path file;  // "-": standard output
  bool pseudonymise = false;   // client addresses as a keyed hash (HMAC-SHA-256, 16 hex digits)
  std::string key;             // of that hash; REQUIRES: not empty where pseudonymise
};

// One JSON object, without the line's end. Allocates.
[[nodiscard]] std::string to_json(const AuditRecord& record, const AuditOptions& options);

// Drains rings into the file from a thread of its own, until stopped; then drains them once more.
class AuditWriter {
 public:
  [[nodiscard]] static Result<std::unique_ptr<AuditWriter>, std::string> open(
      AuditOptions options, std::vector<AuditRing*> rings);
  ~AuditWriter();
  void stop();
  // Opens the file again, for log rotation. From any thread.
  void reopen() noexcept;
  [[nodiscard]] std::uint64_t written() const noexcept;
  // Records that could not be written (disk full): counted, said once in a while on the log.
  [[nodiscard]] std::uint64_t failed() const noexcept;

 private:
  struct State;
  explicit AuditWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::telemetry
