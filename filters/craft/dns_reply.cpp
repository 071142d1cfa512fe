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
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kExtendedError = 15;  // the option's code (RFC 8914 section 2)
constexpr std::uint16_t kBlocked = 15;        // the error's (section 4.16)
constexpr std::uint16_t kPayloadSize = 1232;

// How much of OPT and Extended DNS Error goes into `room` bytes.
struct EdnsPlan {
  bool opt = false;
  bool error = false;
  std::size_t text = 0;

  [[nodiscard]] std::size_t size() const noexcept {
    return (opt ? kOptRecord : 0) + (error ? kOptionHeader + kInfoCode + text : 0);
  }
};

EdnsPlan plan_edns(const dns::Query& query, std::size_t room, std::size_t text) noexcept {
  EdnsPlan plan;
  plan.opt = query.has_edns && room >= kOptRecord;
  plan.error = plan.opt && room >= kOptRecord + kOptionHeader + kInfoCode;
  if (plan.error && room - plan.size() >= text) plan.text = text;
  return plan;
}

void write_dns_header(ByteWriter& writer, const dns::Query& query, bool has_opt) noexcept {
  constexpr std::uint16_t kResponse = 0x8000;
  constexpr std::uint16_t kRecursionAvailable = 0x0080;
  constexpr std::uint16_t kNxDomain = 3;
  std::uint16_t flags = kResponse | kRecursionAvailable | kNxDomain;
  if (query.recursion_desired) flags |= 0x0100;
  if (query.checking_disabled) flags |= 0x0010;
  writer.u16(query.id);
  writer.u16(flags);
  writer.u16(static_cast<std::uint16_t>(query.count));
  writer.u16(0);
  writer.u16(0);
  writer.u16(has_opt ? 1 : 0);
}

void write_edns(ByteWriter& writer, const dns::Query& query, const EdnsPlan& plan,
                std::string_view text) noexcept {
  if (!plan.opt) return;
  writer.u8(0);  // the root owns it
  writer.u16(kTypeOpt);
  writer.u16(kPayloadSize);
  writer.u32(query.dnssec_ok ? 0x8000 : 0);
  writer.u16(static_cast<std::uint16_t>(plan.size() - kOptRecord));
  if (!plan.error) return;
  writer.u16(kExtendedError);
  writer.u16(static_cast<std::uint16_t>(kInfoCode + plan.text));
  writer.u16(kBlocked);
  writer.bytes(as_bytes(text.substr(0, plan.text)));
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

}  // namespace

Bytes refuse_query(const packet::Packet& packet, Direction direction, const dns::Query& query,
                   std::string_view text, MutableBytes out) noexcept {
  const Bytes message = packet.payload;
  if (packet.transport != packet::Transport::udp || !packet.has_transport || query.count == 0 ||
      query.questions_end > message.size()) {
    return {};
  }
  const bool as_sent = stand_alone(message.first(query.questions_end), query.count);
  const std::size_t size = dns::kHeaderBytes + questions_size(query, as_sent);
  if (size > message.size()) return {};
  const EdnsPlan plan = plan_edns(query, message.size() - size, text.size());
  const std::size_t length = kUdpHeader + size + plan.size();
  const Ends ends = ends_of(packet, direction);
  ByteWriter writer(out);
  write_headers(writer, packet, direction, kUdpProtocol, length);
  const std::size_t udp = writer.position();
  writer.u16(ends.source_port.number);
  writer.u16(ends.destination_port.number);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u16(0);
  write_dns_header(writer, query, plan.opt);
  write_questions(writer, message, query, as_sent);
  write_edns(writer, query, plan, text);
  write_checksum(writer, ends, kUdpProtocol, udp, kUdpChecksumField);
  return writer.written();
}

}  // namespace sluice::craft
