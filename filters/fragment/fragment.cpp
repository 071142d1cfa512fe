#include "filters/fragment/fragment.h"

#include "filters/base/byte_reader.h"
#include "filters/packet/checksum.h"
#include "filters/packet/ip_header.h"

namespace sluice::fragment {
namespace {

constexpr std::size_t kMostBytes = 0xffff;  // of an IPv4 packet; of what follows an IPv6 header

enum Extension : std::uint8_t {
  kHopByHop = 0,
  kRouting = 43,
  kFragment = 44,
  kAuthentication = 51,
  kDestinationOptions = 60,
};

Result<Fragment, FragmentError> read_ipv4(Bytes network, bool verify_checksum) noexcept {
  ByteReader reader(network);
  const std::size_t header = (reader.u8() & 0x0fU) * std::size_t{4};
  reader.skip(1);
  const std::size_t total = reader.u16();
  Fragment fragment;
  fragment.id = reader.u16();
  const std::uint16_t position = reader.u16();
  reader.skip(1);
  fragment.protocol = reader.u8();
  if (!reader.ok() || total < header || total > network.size()) {
    return fail(FragmentError::malformed);
  }
  if (verify_checksum && packet::ones_complement_sum(network.first(header)) != 0xffff) {
    return fail(FragmentError::bad_checksum);
  }
  fragment.more = (position & 0x2000) != 0;
  fragment.offset = (position & 0x1fffU) * 8;
  fragment.data = network.subspan(header, total - header);
  return fragment;
}

// Finds the header that makes the packet a fragment, among those that decode() walked. A Fragment
// header with no offset and no more fragments is an extension like any other (RFC 6946).
Result<Fragment, FragmentError> read_ipv6(Bytes network) noexcept {
  ByteReader length(network);
  length.skip(4);
  const std::size_t payload = length.u16();
  if (payload > length.remaining() - 34) return fail(FragmentError::malformed);
  ByteReader reader(network.first(40 + payload));
  reader.skip(6);
  std::uint8_t next = reader.u8();
  reader.skip(33);
  while (reader.ok()) {
    if (next == kFragment) {
      Fragment fragment;
      fragment.protocol = next = reader.u8();
      reader.skip(1);
      const std::uint16_t position = reader.u16();
      fragment.id = reader.u32();
      if ((position & 0xfff9) == 0) continue;
      fragment.more = (position & 1) != 0;
      fragment.offset = position & 0xfff8U;
      fragment.data = reader.rest();
      return fragment;
    }
    if (next != kHopByHop && next != kRouting && next != kDestinationOptions &&
        next != kAuthentication) {
      break;
    }
    const bool in_words = next == kAuthentication;
    next = reader.u8();
    const std::size_t units = reader.u8();
    reader.skip((in_words ? (units + 2) * 4 : (units + 1) * 8) - 2);
  }
  return fail(FragmentError::malformed);
}

}  // namespace

std::size_t most_payload(bool v4) noexcept {
  return v4 ? kMostBytes - packet::kIpv4Header : kMostBytes;
}

Result<Fragment, FragmentError> read_fragment(const packet::Packet& packet,
                                              bool verify_checksum) noexcept {
  const bool v4 = !packet.is_v6;
  const Bytes network = packet.frame.subspan(packet.network_offset);
  auto fragment = v4 ? read_ipv4(network, verify_checksum) : read_ipv6(network);
  if (!fragment) return fragment;
  const bool whole_blocks = !fragment->more || fragment->data.size() % 8 == 0;
  if (fragment->data.empty() || !whole_blocks || fragment->end() > most_payload(v4)) {
    return fail(FragmentError::malformed);
  }
  return fragment;
}

}  // namespace sluice::fragment
