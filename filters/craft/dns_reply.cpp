#include "filters/craft/dns_reply.h"

#include <algorithm>

#include "filters/craft/frame_writer.h"

namespace sluice::craft {
namespace {

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kTypeAndClass = 4;
constexpr std::size_t kOptRecord = 11;
constexpr std::size_t kOptionHeader = 4;
constexpr std::size_t kInfoCode = 2;
constexpr std::size_t kRecordHead = 12;  // a pointer, type, class, TTL, length
constexpr std::size_t kSoaData = 22;     // two names that are the root, five numbers
constexpr std::uint16_t kTypeSoa = 6;
constexpr std::uint16_t kExtendedError = 15;  // the option's code (RFC 8914 section 2)
constexpr std::uint16_t kBlocked = 15;        // the error's (section 4.16)
constexpr std::uint16_t kPayloadSize = 1232;
constexpr std::size_t kLeastPayload = 512;  // that every client takes (RFC 1035 section 4.2.1)
constexpr std::uint16_t kPointer = 0xc000;

static_assert(kMostGrowth ==
              kRecordHead + kMostRecord + kOptionHeader + kInfoCode + kMostErrorText);
static_assert(kSoaData <= kMostRecord);

// Whole letters only.
std::string_view cut(std::string_view text) noexcept {
  if (text.size() <= kMostErrorText) return text;
  std::size_t end = kMostErrorText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// What goes into `room` bytes behind the questions.
struct Plan {
  bool opt = false;
  bool error = false;
  bool record = false;  // the address, the record, or the SOA
  std::string_view text;

  [[nodiscard]] std::size_t options_size() const noexcept {
    return error ? kOptionHeader + kInfoCode + text.size() : 0;
  }
};

// What answers the question; empty: nothing does.
Bytes answer_of(const DnsRefusal& refusal) noexcept {
  if (refusal.address) return refusal.address->wire();
  return refusal.record.size() <= kMostRecord ? refusal.record : Bytes{};
}

std::size_t record_size(const DnsRefusal& refusal) noexcept {
  if (const Bytes answer = answer_of(refusal); !answer.empty()) return kRecordHead + answer.size();
  return refusal.has_soa ? kRecordHead + kSoaData : 0;
}

Plan plan_for(const dns::Query& query, const DnsRefusal& refusal, std::size_t room) noexcept {
  Plan plan;
  const auto take = [&](std::size_t bytes) {
    if (room < bytes) return false;
    room -= bytes;
    return true;
  };
  plan.opt = query.has_edns && take(kOptRecord);
  plan.error = plan.opt && take(kOptionHeader + kInfoCode);
  plan.record = record_size(refusal) > 0 && take(record_size(refusal));
  const std::string_view text = cut(refusal.text);
  if (plan.error && take(text.size())) plan.text = text;
  return plan;
}

void write_header(ByteWriter& writer, const dns::Query& query, const DnsRefusal& refusal,
                  const Plan& plan) noexcept {
  constexpr std::uint16_t kResponse = 0x8000;
  constexpr std::uint16_t kRecursionAvailable = 0x0080;
  auto flags = static_cast<std::uint16_t>(kResponse | kRecursionAvailable |
                                          static_cast<unsigned>(refusal.rcode));
  if (refusal.is_truncated) flags |= 0x0200;
  if (query.recursion_desired) flags |= 0x0100;
  if (query.checking_disabled) flags |= 0x0010;
  writer.u16(query.id);
  writer.u16(flags);
  writer.u16(static_cast<std::uint16_t>(query.count));
  const bool answers = !answer_of(refusal).empty();
  writer.u16(plan.record && answers ? 1 : 0);
  writer.u16(plan.record && !answers ? 1 : 0);
  writer.u16(plan.opt ? 1 : 0);
}

// Where the rightmost `labels` labels of the name that stands at `at` begin; the name itself where
// it is compressed in front of them.
std::size_t find_zone(Bytes message, std::size_t at, std::size_t skipped) noexcept {
  std::size_t label = at;
  for (; skipped > 0; --skipped) {
    const auto length = std::to_integer<std::size_t>(message[label]);
    if (length == 0 || length > name::kMaxLabelBytes || label + 1 + length >= message.size())
      return at;
    label += 1 + length;
  }
  return label;
}

void write_record(ByteWriter& writer, std::size_t message_at, const dns::Query& query,
                  const DnsRefusal& refusal) noexcept {
  const dns::Question& question = query.questions[0];
  const std::size_t labels = question.name.label_count();
  const Bytes answer = answer_of(refusal);
  const std::size_t skipped = !answer.empty() ? 0 : labels - std::min(refusal.zone_labels, labels);
  const Bytes message = writer.written().subspan(message_at);
  const std::size_t owner = find_zone(message, dns::kHeaderBytes, skipped);
  writer.u16(static_cast<std::uint16_t>(kPointer | owner));
  const std::uint16_t answer_type = refusal.address ? question.qtype : refusal.record_type;
  writer.u16(answer.empty() ? kTypeSoa : answer_type);
  writer.u16(dns::kClassInternet);
  writer.u32(refusal.ttl);
  if (!answer.empty()) {
    writer.u16(static_cast<std::uint16_t>(answer.size()));
    writer.bytes(answer);
    return;
  }
  constexpr std::uint32_t kSerial = 1, kRefresh = 3600, kRetry = 600, kExpire = 86400;
  writer.u16(kSoaData);
  writer.u8(0);  // primary server and mailbox: the root, for there are none
  writer.u8(0);
  for (const std::uint32_t number : {kSerial, kRefresh, kRetry, kExpire, refusal.ttl}) {
    writer.u32(number);
  }
}

void write_edns(ByteWriter& writer, const dns::Query& query, const Plan& plan) noexcept {
  if (!plan.opt) return;
  writer.u8(0);  // the root owns it
  writer.u16(static_cast<std::uint16_t>(dns::RecordType::opt));
  writer.u16(kPayloadSize);
  writer.u32(query.dnssec_ok ? 0x8000 : 0);
  writer.u16(static_cast<std::uint16_t>(plan.options_size()));
  if (!plan.error) return;
  writer.u16(kExtendedError);
  writer.u16(static_cast<std::uint16_t>(kInfoCode + plan.text.size()));
  writer.u16(kBlocked);
  writer.bytes(as_bytes(plan.text));
}

// No pointer in the questions leads behind them, where a reply has something else.
bool stand_alone(Bytes questions, std::size_t count) noexcept {
  std::size_t offset = dns::kHeaderBytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto read = dns::read_name(questions, offset);
    if (!read) return false;
    offset = read->end + kTypeAndClass;
  }
  return true;
}

// What the questions of a reply take.
std::size_t questions_size(const dns::Query& query, bool as_sent) noexcept {
  if (as_sent) return query.questions_end - dns::kHeaderBytes;
  std::size_t size = 0;
  for (std::size_t i = 0; i < query.count; ++i) {
    size += query.questions[i].name.wire().size() + kTypeAndClass;
  }
  return size;
}

// Letters as they were sent: clients compare them (0x20).
void write_questions(ByteWriter& writer, Bytes message, const dns::Query& query,
                     bool as_sent) noexcept {
  if (as_sent) {
    writer.bytes(message.first(query.questions_end).subspan(dns::kHeaderBytes));
    return;
  }
  std::size_t offset = dns::kHeaderBytes;
  for (std::size_t i = 0; i < query.count; ++i) {
    const auto end = dns::write_name(message, offset, writer);
    if (!end) return;
    writer.bytes(message.subspan(*end, kTypeAndClass));
    offset = *end + kTypeAndClass;
  }
}

std::size_t most_over_udp(const dns::Query& query, Bytes message, Room room) noexcept {
  if (room == Room::as_asked) return message.size();
  const std::size_t takes =
      query.has_edns ? std::clamp<std::size_t>(query.udp_size, kLeastPayload, kPayloadSize)
                     : kLeastPayload;
  return std::max(takes, message.size());
}

// A reply that is laid out, and not written yet: its length stands in headers in front of it.
struct Reply {
  bool questions_as_sent = false;
  Plan plan;
  std::size_t size = 0;  // 0: there is none
};

Reply lay_out(Bytes message, const dns::Query& query, const DnsRefusal& refusal,
              std::size_t most) noexcept {
  if (query.count == 0 || query.questions_end > message.size()) return {};
  Reply reply{.questions_as_sent = stand_alone(message.first(query.questions_end), query.count)};
  const std::size_t size = dns::kHeaderBytes + questions_size(query, reply.questions_as_sent);
  if (size > most) return {};
  reply.plan = plan_for(query, refusal, most - size);
  reply.size = size + (reply.plan.opt ? kOptRecord + reply.plan.options_size() : 0) +
               (reply.plan.record ? record_size(refusal) : 0);
  return reply;
}

void write(ByteWriter& writer, Bytes message, const dns::Query& query, const DnsRefusal& refusal,
           const Reply& reply) noexcept {
  const std::size_t start = writer.position();
  write_header(writer, query, refusal, reply.plan);
  write_questions(writer, message, query, reply.questions_as_sent);
  if (reply.plan.record && writer.ok()) write_record(writer, start, query, refusal);
  write_edns(writer, query, reply.plan);
}

}  // namespace

Bytes refuse_query(const packet::Packet& packet, Direction direction, const dns::Query& query,
                   const DnsRefusal& refusal, Room room, MutableBytes out) noexcept {
  const Bytes message = packet.payload;
  if (packet.transport != packet::Transport::udp || !packet.has_transport) return {};
  const Reply reply = lay_out(message, query, refusal, most_over_udp(query, message, room));
  if (reply.size == 0) return {};
  const std::size_t length = kUdpHeader + reply.size;
  const Ends ends = ends_of(packet, direction);
  ByteWriter writer(out);
  write_headers(writer, packet, direction, kUdpProtocol, length);
  const std::size_t udp = writer.position();
  writer.u16(ends.source_port.number);
  writer.u16(ends.destination_port.number);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u16(0);
  write(writer, message, query, refusal, reply);
  write_checksum(writer, ends, kUdpProtocol, udp, kUdpChecksumField);
  return writer.written();
}

Bytes refuse_over_tcp(const packet::Packet& packet, Direction direction, TcpPlace place,
                      Bytes message, const dns::Query& query, const DnsRefusal& refusal,
                      MutableBytes out) noexcept {
  constexpr std::uint8_t kAnswerAndEnd = 0x10 | 0x08 | 0x01;  // ACK, PSH, FIN
  constexpr std::size_t kLengthField = 2;
  if (packet.transport != packet::Transport::tcp || !packet.has_transport) return {};
  const Reply reply = lay_out(message, query, refusal, kPayloadSize);
  if (reply.size == 0) return {};
  const Ends ends = ends_of(packet, direction);
  ByteWriter writer(out);
  write_headers(writer, packet, direction, kTcpProtocol, kTcpHeader + kLengthField + reply.size);
  const std::size_t tcp = writer.position();
  write_tcp_header(writer, ends, place, kAnswerAndEnd);
  writer.u16(static_cast<std::uint16_t>(reply.size));
  write(writer, message, query, refusal, reply);
  write_checksum(writer, ends, kTcpProtocol, tcp, kTcpChecksumField);
  return writer.written();
}

}  // namespace sluice::craft
