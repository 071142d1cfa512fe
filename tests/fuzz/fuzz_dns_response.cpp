// Any message: bounds hold, names are canonical, what is handed out lies in the message; and an
// answer built from what was read, without compression, gives the same targets and addresses.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/dns/response.h"
#include "tests/fuzz/require.h"

namespace sluice::dns {
namespace {

using fuzz::require;
using ByteVector = std::vector<std::byte>;

struct Seen {
  std::vector<name::Name> targets;
  std::vector<IpAddress> addresses;
  friend bool operator==(const Seen&, const Seen&) = default;
};

void append_u16(ByteVector& to, std::size_t value) {
  to.push_back(static_cast<std::byte>(value >> 8));
  to.push_back(static_cast<std::byte>(value & 0xff));
}

void append(ByteVector& to, Bytes more) {
  to.insert(to.end(), more.begin(), more.end());
}

void check_binding(Bytes message, const Record& record) {
  const auto binding = read_service_binding(message, record);
  if (!binding) return;
  const Bytes data = record.data_in(message);
  require(fuzz::lies_in(binding->ipv4_hints, data) && fuzz::lies_in(binding->ipv6_hints, data));
  require(binding->ipv4_hints.size() % kIpv4Bytes == 0);
  require(binding->ipv6_hints.size() % kIpv6Bytes == 0);
  if (binding->ech.empty()) return;
  require(binding->ech.size() >= 4 && fuzz::lies_in(binding->ech, data));
  require(binding->ech.data() == message.data() + binding->ech_at);
}

// Its owner is the root: what the record says does not depend on it.
void append_record(ByteVector& to, std::size_t type, Bytes data) {
  to.push_back(std::byte{0});
  append_u16(to, type);
  append_u16(to, kClassInternet);
  append_u16(to, 0);
  append_u16(to, 60);
  append_u16(to, data.size());
  append(to, data);
}

// What is seen in `message`, and into `plain` records that say the same.
Seen look(Bytes message, const Response& response, ByteVector& plain, std::size_t& written) {
  Seen seen;
  std::size_t count = 0;
  ResponseReader records(message, response);
  while (const auto record = records.next()) {
    ++count;
    require(records.in_answers() == (count <= response.answers));
    require(record->owner < record->data && record->data + record->size <= message.size());
    if (is_service_binding(record->type)) check_binding(message, *record);
    if (is_alias(record->type) || is_service_target(record->type)) {
      if (const auto target = records.read_target(*record)) {
        const auto canonical = name::Name::from_wire(target->name.wire());
        require(canonical && *canonical == target->name);
        seen.targets.push_back(target->name);
        append_record(plain, 5, target->name.wire());
        ++written;
      }
    }
    for_each_address(message, *record, [&](const IpAddress& address) {
      seen.addresses.push_back(address);
      append_record(plain, address.is_v4() ? 1 : 28, address.wire());
      ++written;
      return true;
    });
  }
  require(count == response.records);
  return seen;
}

ByteVector with_header(std::size_t records, const ByteVector& body) {
  ByteVector message;
  for (const std::size_t field : {std::size_t{7}, std::size_t{0x8180}, std::size_t{0}, records,
                                  std::size_t{0}, std::size_t{0}}) {
    append_u16(message, field);
  }
  append(message, body);
  return message;
}

// Targets up to the first that cannot be read, of what is there of the message; goes on from
// `position`, and leaves there how far it came.
void read_targets(Bytes start, std::size_t whole, Response& response, ResponsePosition& position,
                  std::vector<name::Name>& targets) {
  if (!parse_response_start(start, response)) return;
  ResponseReader records(start, response, most_targets(whole));
  records.resume(position);
  while (const auto record = records.next()) {
    if (is_alias(record->type) || is_service_target(record->type)) {
      const auto target = records.read_target(*record);
      if (!target) return;
      targets.push_back(target->name);
    }
    position = records.position();
  }
}

// A message that comes in two parts shows the same as one that is there at once.
void check_parts(Bytes message, Response& response) {
  if (message.size() < kHeaderBytes || message.size() > 0xffff) return;
  std::size_t cut = kHeaderBytes;
  for (const std::byte byte : message.first(kHeaderBytes)) cut += std::to_integer<unsigned>(byte);
  ResponsePosition position;
  std::vector<name::Name> at_once;
  std::vector<name::Name> in_parts;
  read_targets(message, message.size(), response, position, at_once);
  position = {};
  read_targets(message.first(std::min(cut, message.size())), message.size(), response, position,
               in_parts);
  read_targets(message, message.size(), response, position, in_parts);
  require(in_parts == at_once);
}

void check(Bytes message) {
  const auto response = std::make_unique<Response>();
  check_parts(message, *response);
  const auto parsed = parse_response(message, *response);
  if (!parsed) {
    require(!to_string(parsed.error()).empty() && response->records == 0);
    return;
  }
  require(response->query.count <= kMaxQuestions && response->answers <= response->records);
  require(response->query.questions_end >= kHeaderBytes);
  require(response->query.questions_end + 11 * response->records <= message.size());

  ByteVector plain;
  std::size_t written = 0;
  const Seen seen = look(message, *response, plain, written);
  if (written > 0xffff) return;
  const ByteVector rebuilt = with_header(written, plain);
  require(parse_response(rebuilt, *response).has_value());
  require(response->records == written);
  ByteVector again;
  written = 0;
  require(look(rebuilt, *response, again, written) == seen && again == plain);
}

}  // namespace
}  // namespace sluice::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::dns::check(std::as_bytes(std::span(data, size)));
  return 0;
}
