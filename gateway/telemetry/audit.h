#pragma once

// The audit trail: what was blocked or logged, for which app, by which rule of which list; and what
// was dropped because it cannot be judged.
//
//   worker ─► AuditRing ─► AuditWriter (a thread) ─► JSON lines ─► AuditSink
//
// A worker pushes fixed-size records into a bounded ring. When the ring is full, the record is lost
// and the worker counts it: the verdict never waits. Names that pass are never recorded.
// Threads: one producer and one consumer for each ring, without a lock.
// gateway/telemetry/README.md documents the format of a line.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/time.h"
#include "gateway/threads/spsc_ring.h"

namespace sluice::telemetry {

// Text of bounded length, held by value. Longer text is cut.
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

// Names are printable ASCII: other bytes are escaped as in zone files.
struct AuditRecord {
  Nanos time{0};  // since the Unix epoch
  FixedText<32> app;
  FixedText<264> rule;
  FixedText<64> list;
  FixedText<16> list_version;
  std::uint32_t line = 0;
  FixedText<256> name;
  FixedText<256> asked;  // of a name in a DNS answer: what was asked for; else empty
  FixedText<8> protocol;
  FixedText<8> action;
  FixedText<64> policy;
  std::uint32_t evidence = 0;  // judged by address: times it was seen under a banned name
  Endpoint client, server;
  std::string_view transport;  // "tcp" or "udp": static storage
  // Of what was dropped because it cannot be judged: why (static storage); empty: a decision.
  std::string_view unjudged;
  std::uint64_t suppressed = 0;  // such drops without a record of their own
  bool is_shadow = false;        // nothing was done: `action` is what a shadow would have done
};

using AuditRing = threads::SpscRing<AuditRecord>;

enum class AuditFormat : std::uint8_t {
  sluice,  // our own
  eve,     // what Suricata writes: eve.h
};

struct AuditOptions {
  AuditFormat format = AuditFormat::sluice;
  bool chain = false;         // each line follows from those before it: gateway/audit/chain.h
  std::string chain_key;      // empty: whoever can write the file can make the chain anew
  bool pseudonymise = false;  // replaces client addresses by a keyed hash: 16 hex digits
  std::string key;            // of that hash. REQUIRES: not empty when `pseudonymise`
  unsigned rotate_days = 0;   // pseudonyms change after so many days (UTC); 0: never
};

// Without its port; or a pseudonym, which is the same for the same address, key and period.
// Allocates.
[[nodiscard]] std::string client_text(const IpAddress& client, Nanos time,
                                      const AuditOptions& options);
// RFC 3339, UTC, microseconds. Allocates.
[[nodiscard]] std::string time_text(Nanos time);

// In our own format, whatever `options` say.
[[nodiscard]] nlohmann::ordered_json to_object(const AuditRecord& record,
                                               const AuditOptions& options);
// A line in the format of `options`, without its end. Allocates.
[[nodiscard]] std::string to_json(const AuditRecord& record, const AuditOptions& options);

// What is no decision: the process began, records were lost, or lists were updated.
struct UpdateRecord {
  std::string result;  // `ok`, `refused`, `failed`
  std::uint64_t generation = 0;
  struct List {
    std::string name, app, version;
    std::uint64_t entries = 0;
  };
  std::vector<List> lists;  // in force from now on
};
[[nodiscard]] std::string start_json(Nanos time, AuditFormat format);
[[nodiscard]] std::string lost_json(Nanos time, std::uint64_t records, AuditFormat format);
[[nodiscard]] std::string update_json(Nanos time, const UpdateRecord& update, AuditFormat format);

}  // namespace sluice::telemetry
