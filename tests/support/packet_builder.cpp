#include "tests/support/packet_builder.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>

namespace sluice::test {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kFragmentHeader = 44;

// RFC 1071, word by word as the document says it.
std::uint16_t internet_checksum(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

void patch_u16(Octets& octets, std::size_t at, std::uint16_t value) {
  octets.at(at) = static_cast<std::byte>(value >> 8);
  octets.at(at + 1) = static_cast<std::byte>(value & 0xff);
}

void append_padded(Octets& options, Bytes raw) {
  options.insert(options.end(), raw.begin(), raw.end());
  while (options.size() % 4 != 0) options.push_back(std::byte{0});
}

}  // namespace

Endpoint endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) throw std::invalid_argument(std::string(text));
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  const std::string_view digits = text.substr(colon + 1);
  const auto parsed = IpAddress::parse(address);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!parsed || read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) {
    throw std::invalid_argument(std::string(text));
  }
  return {*parsed, Port{port}};
}

PacketBuilder::PacketBuilder(std::string_view source, std::string_view destination,
                             std::uint8_t protocol)
    : source_(endpoint(source)), destination_(endpoint(destination)), protocol_(protocol) {
  if (source_.address.is_v4() != destination_.address.is_v4()) {
    throw std::invalid_argument("ends of two families");
  }
}

PacketBuilder PacketBuilder::tcp(std::string_view source, std::string_view destination) {
  return {source, destination, kTcp};
}

PacketBuilder PacketBuilder::udp(std::string_view source, std::string_view destination) {
  return {source, destination, kUdp};
}

PacketBuilder& PacketBuilder::payload(Bytes bytes) {
  payload_ = octets(bytes);
  return *this;
}

PacketBuilder& PacketBuilder::flags(std::string_view letters) {
  constexpr std::string_view kLetters = "FSRPAU";  // from the lowest bit
  flags_ = 0;
  for (const char letter : letters) {
    const std::size_t bit = kLetters.find(letter);
    if (bit == std::string_view::npos) throw std::invalid_argument(std::string(letters));
    flags_ = static_cast<std::uint8_t>(flags_ | 1U << bit);
  }
  return *this;
}

PacketBuilder& PacketBuilder::seq(std::uint32_t number) {
  return seq_ = number, *this;
}
PacketBuilder& PacketBuilder::ack(std::uint32_t number) {
  return ack_ = number, *this;
}
PacketBuilder& PacketBuilder::window(std::uint16_t size) {
  return window_ = size, *this;
}

PacketBuilder& PacketBuilder::mss(std::uint16_t size) {
  return tcp_options(OctetWriter().u8(2).u8(4).u16(size).view());
}

PacketBuilder& PacketBuilder::window_scale(std::uint8_t shift) {
  return tcp_options(OctetWriter().u8(1).u8(3).u8(3).u8(shift).view());
}

PacketBuilder& PacketBuilder::tcp_options(Bytes raw) {
  return append_padded(tcp_options_, raw), *this;
}

PacketBuilder& PacketBuilder::hop_limit(std::uint8_t hops) {
  return hop_limit_ = hops, *this;
}
PacketBuilder& PacketBuilder::ip_options(Bytes raw) {
  return append_padded(ip_options_, raw), *this;
}

PacketBuilder& PacketBuilder::extension(std::uint8_t number, Bytes behind_next) {
  extensions_.emplace_back(number, octets(behind_next));
  return *this;
}

PacketBuilder& PacketBuilder::fragment(std::size_t offset, std::size_t length) {
  if (offset % 8 != 0) throw std::invalid_argument("fragments start at multiples of 8");
  is_fragment_ = true;
  fragment_offset_ = offset;
  fragment_length_ = length;
  return *this;
}

PacketBuilder& PacketBuilder::identification(std::uint16_t number) {
  return identification_ = number, *this;
}

PacketBuilder& PacketBuilder::link(LinkType type) {
  return link_ = type, *this;
}
PacketBuilder& PacketBuilder::vlan(std::uint16_t identifier) {
  return vlan_.push_back(identifier), *this;
}

PacketBuilder& PacketBuilder::break_ip_checksum() {
  return bad_ip_ = true, *this;
}
PacketBuilder& PacketBuilder::break_transport_checksum() {
  return bad_transport_ = true, *this;
}
PacketBuilder& PacketBuilder::no_udp_checksum() {
  return no_checksum_ = true, *this;
}
PacketBuilder& PacketBuilder::ip_length(std::uint16_t size) {
  return ip_length_ = size, *this;
}
PacketBuilder& PacketBuilder::udp_length(std::uint16_t size) {
  return udp_length_ = size, *this;
}
PacketBuilder& PacketBuilder::padded_to(std::size_t size) {
  return padded_to_ = size, *this;
}
PacketBuilder& PacketBuilder::cut_to(std::size_t size) {
  return cut_to_ = size, *this;
}

std::uint16_t PacketBuilder::checksum_of(Bytes segment) const {
  OctetWriter covered;  // the IPv6 form of the pseudo-header; IPv4's has the same sum
  covered.bytes(source_.address.wire()).bytes(destination_.address.wire());
  covered.u32(segment.size()).u24(0).u8(protocol_).bytes(segment);
  std::uint16_t sum = internet_checksum(covered.view());
  if (protocol_ == kUdp && sum == 0) sum = 0xffff;  // zero would say "none" (RFC 768)
  return bad_transport_ ? sum ^ 0x5555 : sum;
}

Octets PacketBuilder::transport_segment() const {
  OctetWriter writer;
  writer.u16(source_.port.number).u16(destination_.port.number);
  if (protocol_ == kUdp) {
    writer.u16(udp_length_.value_or(static_cast<std::uint16_t>(8 + payload_.size()))).u16(0);
  } else {
    writer.u32(seq_).u32(ack_).u8((20 + tcp_options_.size()) / 4 << 4).u8(flags_).u16(window_);
    writer.u32(0).bytes(tcp_options_);
  }
  Octets segment = writer.bytes(payload_).take();
  if (!no_checksum_) patch_u16(segment, protocol_ == kUdp ? 6 : 16, checksum_of(segment));
  return segment;
}

Octets PacketBuilder::ipv4(Bytes carried, bool more) const {
  const std::size_t header = 20 + ip_options_.size();
  OctetWriter writer;
  writer.u8(0x40 | header / 4).u8(0);
  writer.u16(ip_length_.value_or(static_cast<std::uint16_t>(header + carried.size())));
  writer.u16(identification_).u16((more ? 0x2000U : 0U) | fragment_offset_ / 8);
  writer.u8(hop_limit_).u8(protocol_).u16(0);
  writer.bytes(source_.address.wire()).bytes(destination_.address.wire()).bytes(ip_options_);
  Octets packet = writer.take();
  const std::uint16_t sum = internet_checksum(packet);
  patch_u16(packet, 10, bad_ip_ ? sum ^ 0x5555 : sum);
  packet.insert(packet.end(), carried.begin(), carried.end());
  return packet;
}

Octets PacketBuilder::ipv6(Bytes carried, bool more) const {
  auto chain = extensions_;
  if (is_fragment_) {
    const std::size_t offset_and_more = fragment_offset_ | (more ? 1U : 0U);
    chain.emplace_back(kFragmentHeader,
                       OctetWriter().u8(0).u16(offset_and_more).u32(identification_).take());
  }
  OctetWriter behind;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    behind.u8(i + 1 < chain.size() ? chain[i + 1].first : protocol_).bytes(chain[i].second);
  }
  behind.bytes(carried);
  OctetWriter writer;
  writer.u32(0x60000000).u16(ip_length_.value_or(static_cast<std::uint16_t>(behind.size())));
  writer.u8(chain.empty() ? protocol_ : chain.front().first).u8(hop_limit_);
  writer.bytes(source_.address.wire()).bytes(destination_.address.wire());
  return writer.bytes(behind.view()).take();
}

Octets PacketBuilder::ip_packet() const {
  const Octets segment = transport_segment();
  const Bytes from = Bytes(segment).subspan(std::min(fragment_offset_, segment.size()));
  const Bytes carried = from.first(std::min(fragment_length_, from.size()));
  const bool more = carried.size() < from.size();
  return source_.address.is_v4() ? ipv4(carried, more) : ipv6(carried, more);
}

Octets PacketBuilder::link_header() const {
  const bool v4 = source_.address.is_v4();
  const std::uint16_t type = v4 ? 0x0800 : 0x86dd;
  OctetWriter tags;  // from the first type field to the last
  for (std::size_t i = 0; i < vlan_.size(); ++i) {
    tags.u16(i + 1 < vlan_.size() ? 0x88a8 : 0x8100).u16(vlan_[i]);
  }
  tags.u16(type);
  OctetWriter writer;
  switch (link_) {
    case LinkType::ethernet:
      return writer.u16(0x0200).u32(2).u16(0x0200).u32(1).bytes(tags.view()).take();
    case LinkType::linux_sll:
      return writer.u16(0).u16(1).u16(6).u16(0x0200).u32(1).u16(0).bytes(tags.view()).take();
    case LinkType::linux_sll2: {
      const Bytes all = tags.view();
      writer.bytes(all.first(2)).u16(0).u32(2).u16(1).u8(0).u8(6).u16(0x0200).u32(1).u16(0);
      return writer.bytes(all.subspan(2)).take();
    }
    case LinkType::null:  // little-endian, as most captures have it
      return writer.u8(v4 ? 2 : 30).u24(0).take();
    case LinkType::loop:
      return writer.u32(v4 ? 2 : 24).take();
    default:
      return {};  // bare IP
  }
}

Octets PacketBuilder::build() const {
  const Octets packet = ip_packet();
  Octets frame = link_header();
  frame.insert(frame.end(), packet.begin(), packet.end());
  frame.resize(std::max(frame.size(), padded_to_));
  frame.resize(std::min(frame.size(), cut_to_));
  return frame;
}

}  // namespace sluice::test
