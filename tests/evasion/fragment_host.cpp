#include "tests/evasion/fragment_host.h"

#include "filters/base/byte_reader.h"
#include "tests/support/fragments.h"

namespace sluice::evasion {
namespace {

constexpr std::size_t kEthernet = 14, kIpv4Header = 20, kIpv6Header = 40;

void put_length(ByteVector& frame, std::size_t at, std::size_t length) {
  frame[at] = static_cast<std::byte>(length >> 8);
  frame[at + 1] = static_cast<std::byte>(length & 0xff);
}

}  // namespace

std::optional<FragmentHost::Fragment> FragmentHost::fragment_in(const ByteVector& frame) {
  ByteReader reader(frame);
  reader.skip(kEthernet - 2);
  const unsigned type = reader.u16();
  Fragment fragment;
  if (type == 0x0800) {
    reader.skip(4);
    fragment.id = reader.u16();
    const unsigned place = reader.u16();
    fragment.more = (place & 0x2000) != 0;
    fragment.offset = std::size_t{place & 0x1fff} * 8;
    reader.skip(kIpv4Header - 8);
    if (!fragment.more && fragment.offset == 0) return std::nullopt;
    fragment.head.assign(frame.begin(), frame.begin() + kEthernet + kIpv4Header);
    put_length(fragment.head, kEthernet + 6, 0);
  } else if (type == 0x86dd && frame[kEthernet + 6] == std::byte{44}) {
    reader.skip(kIpv6Header);
    const std::uint8_t carried = reader.u8();
    reader.skip(1);
    const unsigned place = reader.u16();
    fragment.id = reader.u32();
    fragment.more = (place & 1) != 0;
    fragment.offset = place & 0xfff8;
    fragment.head.assign(frame.begin(), frame.begin() + kEthernet + kIpv6Header);
    fragment.head[kEthernet + 6] = std::byte{carried};
  } else {
    return std::nullopt;
  }
  fragment.bytes = reader.rest();
  return fragment;
}

std::optional<ByteVector> FragmentHost::receive(const ByteVector& frame) {
  auto fragment = fragment_in(frame);
  if (!fragment) return frame;
  Held& held = held_.try_emplace(fragment->id, Held{Assembly(overlap_), {}}).first->second;
  held.bytes.put(fragment->offset, fragment->bytes);
  if (!fragment->more) held.total = fragment->offset + fragment->bytes.size();
  const ByteVector payload = held.bytes.start();
  if (!held.total || payload.size() < *held.total) return std::nullopt;
  ByteVector whole = std::move(fragment->head);
  const bool v4 = whole.size() == kEthernet + kIpv4Header;
  put_length(whole, kEthernet + (v4 ? 2 : 4), *held.total + (v4 ? kIpv4Header : 0));
  if (v4) test::fix_ipv4_checksum(whole);
  test::append(whole, Bytes(payload).first(*held.total));
  held_.erase(fragment->id);
  return whole;
}

}  // namespace sluice::evasion
