#include "filters/craft/dns_reply.h"

#include <algorithm>

#include "filters/craft/frame_writer.h"

namespace sluice::craft {
namespace {

constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpChecksumField = 6;
constexpr std::size_t kOptRecord = 11;
constexpr std::size_t kOptionHeader = 4;
constexpr std::size_t kInfoCode = 2;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kExtendedError = 15;  // the option's code (RFC 8914 section 2)
constexpr std::uint16_t kBlocked = 15;        // the error's (section 4.16)
constexpr std::uint16_t kPayloadSize = 1232;

// How much of OPT and Extended DNS Error goes into `room` octets.
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

}  // namespace

Bytes refuse_query(const packet::Packet& packet, const dns::Query& query, std::string_view text,
                   MutableBytes out) noexcept {
  if (packet.transport != packet::Transport::udp || !packet.has_transport ||
      query.questions_end > packet.payload.size() || query.questions_end < dns::kHeaderOctets) {
    return {};
  }
  const EdnsPlan plan = plan_edns(query, packet.payload.size() - query.questions_end, text.size());
  const std::size_t length = kUdpHeader + query.questions_end + plan.size();
  const Ends ends = ends_of(packet, Direction::back);
  ByteWriter writer(out);
  write_headers(writer, packet, Direction::back, kUdpProtocol, length);
  const std::size_t udp = writer.position();
  writer.u16(ends.source_port.number);
  writer.u16(ends.destination_port.number);
  writer.u16(static_cast<std::uint16_t>(length));
  writer.u16(0);
  write_dns_header(writer, query, plan.opt);
  writer.bytes(packet.payload.first(query.questions_end).subspan(dns::kHeaderOctets));
  write_edns(writer, query, plan, text);
  write_checksum(writer, ends, kUdpProtocol, udp, kUdpChecksumField);
  return writer.written();
}

}  // namespace sluice::craft
