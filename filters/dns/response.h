#pragma once

// DNS answers: where a name leads (RFC 1035 section 4.1; DNAME, RFC 6672; SVCB and HTTPS, RFC
// 9460).
//
// Input: one DNS message, as for query.h. Output: its question and the number of its records, then
// each record; targets and addresses by value, the rest as offsets into the message.
//
//   ResponseReader records(message, response);
//   while (const auto record = records.next()) {
//     if (is_alias(record->type)) … records.read_target(*record) …
//     for_each_address(message, *record, [&](const IpAddress& address) { … record->ttl … });
//   }
//
// Pure: no allocation, no exceptions. Cost: linear in the message; a record has at least 11 bytes.
// If one record is malformed, none is handed out; of a truncated message (TC), the records in front
// of the cut are. Of one message most_targets() targets are read, with kJumpsOfTarget pointers for
// each.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "filters/dns/message.h"
#include "filters/dns/query.h"
#include "filters/dns/service.h"

namespace sluice::dns {

enum class ResponseError : std::uint8_t {
  not_response,        // a query, another opcode, or too short for a header
  malformed,           // a question, a record or a target cannot be read
  too_many_questions,  // over kMaxQuestions
  too_many_targets,    // over most_targets(), or behind too many pointers
};
inline constexpr std::size_t kResponseErrors = 4;

// How many targets of a message are read. No ordinary answer has half of kMaxTargets; a message of
// a zone transfer, which may be 64 KiB long, has more. Zones are transferred over TCP only (RFC
// 5936 section 4.2), so a datagram may have kMaxTargets.
inline constexpr std::size_t kMaxTargets = 64;
inline constexpr std::size_t kBytesOfTarget = 32;
[[nodiscard]] constexpr std::size_t most_targets(std::size_t message_bytes) noexcept {
  return kMaxTargets + message_bytes / kBytesOfTarget;
}
inline constexpr std::size_t kJumpsOfTarget = 4;

struct Response {
  Query query;              // as the response repeats it, with its own OPT; count may be 0
  std::uint8_t rcode = 0;   // the four bits of the header
  bool truncated = false;   // TC
  std::size_t records = 0;  // whole ones, of all sections
  std::size_t answers = 0;  // the leading ones, in the answer section
};

// Fills `response`. It is large: keep one for each worker.
[[nodiscard]] Result<void, ResponseError> parse_response(Bytes message,
                                                         Response& response) noexcept;
// The same for the start of a message whose rest is still on its way: `records` and `answers` are
// those that its header promises.
[[nodiscard]] Result<void, ResponseError> parse_response_start(Bytes start,
                                                               Response& response) noexcept;

// Where a record leads.
struct Target {
  name::Name name;       // the root if AliasMode says that there is no service
  bool has_ech = false;  // with keys for Encrypted ClientHello
};

// How far the records of a message were read, for a reader that goes on when more of it is there.
struct ResponsePosition {
  std::uint16_t records = 0;  // that were read
  std::uint16_t offset = 0;   // behind them; 0: none was
  std::uint16_t targets = 0;  // that were read
  std::uint16_t jumps = 0;    // pointers that were followed for them
  std::uint16_t pointer = 0;  // where the last target stands, if it is one pointer; else 0
};

// Reads the records in order.
class ResponseReader {
 public:
  // REQUIRES: `response` was parsed from `message`.
  ResponseReader(Bytes message, const Response& response) noexcept
      : ResponseReader(message, response, most_targets(message.size())) {}
  ResponseReader(Bytes message, const Response& response, std::size_t most_targets) noexcept;
  // Goes on where another reader of the same message, or of its start, was.
  void resume(const ResponsePosition& position) noexcept;
  [[nodiscard]] ResponsePosition position() const noexcept;
  // Nothing: it was the last one, or is cut off; then position() stays in front of it.
  [[nodiscard]] std::optional<Record> next() noexcept;
  // Whether the last record of next() is in the answer section.
  [[nodiscard]] bool in_answers() const noexcept { return left_ >= behind_answers_; }
  // The record is one pointer, the same as that of the last target that was read: there is no need
  // to read it again. Messages of a zone transfer have hundreds.
  [[nodiscard]] bool repeats_target(const Record& record) const noexcept;
  // REQUIRES: a record of next() that is_alias or is_service_target.
  [[nodiscard]] Result<Target, ResponseError> read_target(const Record& record) noexcept;

 private:
  Bytes message_;
  ByteReader reader_;
  Bytes pointer_;  // the RDATA of the last target, if it is no more than that
  std::size_t most_targets_;
  std::size_t targets_left_;
  JumpsLeft jumps_left_;
  std::size_t records_;
  std::size_t left_;
  std::size_t behind_answers_;  // records behind the answer section
};

// Resolvers go on with the target in place of the owner.
[[nodiscard]] constexpr bool is_alias(RecordType type) noexcept {
  return type == RecordType::cname || type == RecordType::dname || is_service_binding(type);
}
// The target is a server of the owner: mail, SIP, name servers.
[[nodiscard]] constexpr bool is_service_target(RecordType type) noexcept {
  return type == RecordType::mx || type == RecordType::srv || type == RecordType::ns;
}
[[nodiscard]] constexpr bool may_hold_addresses(RecordType type) noexcept {
  return type == RecordType::a || type == RecordType::aaaa || is_service_binding(type);
}
// Offset of the name in RDATA of these types; nullopt: another type, or too short for one.
[[nodiscard]] std::optional<std::size_t> name_in_data(const Record& record) noexcept;
// Addresses in A, AAAA, and hints of SVCB and HTTPS; none in other types and classes. `visit` says
// whether it takes more.
template <typename Visit>
void for_each_address(Bytes message, const Record& record, Visit&& visit) noexcept {
  bool takes_more = true;
  const auto each = [&](Bytes addresses, std::size_t bytes) {
    for (; takes_more && addresses.size() >= bytes; addresses = addresses.subspan(bytes)) {
      takes_more = visit(IpAddress::from_bytes(addresses.first(bytes)));
    }
  };
  if (record.record_class != kClassInternet) return;
  const Bytes data = record.data_in(message);
  if (record.type == RecordType::a && data.size() == kIpv4Bytes) each(data, kIpv4Bytes);
  if (record.type == RecordType::aaaa && data.size() == kIpv6Bytes) each(data, kIpv6Bytes);
  if (!is_service_binding(record.type)) return;
  if (const auto binding = read_service_binding(message, record)) {
    each(binding->ipv4_hints, kIpv4Bytes);
    each(binding->ipv6_hints, kIpv6Bytes);
  }
}

[[nodiscard]] std::string_view to_string(ResponseError error) noexcept;

}  // namespace sluice::dns
