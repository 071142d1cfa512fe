#include "tests/evasion/wrapping.h"

#include "tests/support/fragments.h"

namespace sluice::evasion {
namespace {

constexpr std::size_t kType = 12, kEthernet = 14, kIpv4Header = 20, kIpv6Header = 40;
constexpr unsigned kAuthentication = 51, kOptions = 60, kHopByHop = 0;

bool is_v4(const ByteVector& frame) {
  return frame[kType] == std::byte{0x08};
}

std::size_t behind_ip(const ByteVector& frame) {
  return kEthernet + (is_v4(frame) ? kIpv4Header : kIpv6Header);
}

Header header_for(const ByteVector& frame, Header header) {
  if (!is_v4(frame)) return header;
  if (header == Header::options) return Header::authentication;
  return header == Header::no_length ? Header::priority_tag : header;
}

// Where the bytes of this header are put in.
std::size_t place_of(const ByteVector& frame, Header header) {
  switch (header) {
    case Header::authentication:
    case Header::options:
    case Header::no_length:
      return behind_ip(frame);
    default:
      return kType;
  }
}

void insert(ByteVector& frame, std::size_t at, const ByteVector& bytes) {
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin(), bytes.end());
}

ByteVector llc(const ByteVector& frame) {
  ByteVector header;
  test::append_u16(header, static_cast<unsigned>(frame.size()) % 1500);  // receivers differ on it
  test::append_u32(header, 0xaaaa0300);
  test::append_u16(header, 0);
  return header;
}

// Of `size` bytes behind the IP header, which then says `kind`.
void insert_extension(ByteVector& frame, unsigned kind, std::size_t size, unsigned length) {
  const std::size_t next = kEthernet + (is_v4(frame) ? 9 : 6);
  ByteVector header;
  test::append_u8(header, std::to_integer<unsigned>(frame[next]));
  test::append_u8(header, length);
  if (kind == kAuthentication) {
    header.resize(size, std::byte{0x77});
  } else {
    test::append_u16(header, 0x0104);  // padding
    header.resize(size);
  }
  frame[next] = static_cast<std::byte>(kind);
  insert(frame, behind_ip(frame), header);
  const std::size_t carried = frame.size() - kEthernet;
  if (is_v4(frame)) {
    test::patch_u16(frame, kEthernet + 2, carried);
    test::fix_ipv4_checksum(frame);
  } else {
    test::patch_u16(frame, kEthernet + 4, carried - kIpv6Header);
  }
}

}  // namespace

ByteVector wrap(const ByteVector& frame, Wrapping wrapping) {
  const ByteVector tag = test::byte_vector(std::string_view("\x81\0\0\0", 4));
  ByteVector wrapped = frame;
  for (std::size_t i = 0; i < wrapping.times; ++i) {
    switch (header_for(frame, wrapping.header)) {
      case Header::none:
        break;
      case Header::priority_tag:
        insert(wrapped, kType, tag);
        break;
      case Header::llc:
        insert(wrapped, kType, llc(frame));
        break;
      case Header::llc_behind_tag:
        insert(wrapped, kType, llc(frame));
        insert(wrapped, kType, tag);
        break;
      case Header::authentication:
        insert_extension(wrapped, kAuthentication, 24, 4);
        break;
      case Header::options:
        insert_extension(wrapped, kOptions, 8, 0);
        break;
      case Header::no_length:
        insert_extension(wrapped, kHopByHop, 8, 0);
        test::patch_u16(wrapped, kEthernet + 4, 0);
        break;
    }
  }
  return wrapped;
}

ByteVector unwrap(const ByteVector& wrapped, const ByteVector& frame, Wrapping wrapping) {
  const auto at = static_cast<std::ptrdiff_t>(place_of(frame, header_for(frame, wrapping.header)));
  const auto inserted = static_cast<std::ptrdiff_t>(wrapped.size() - frame.size());
  ByteVector plain(frame.begin(), frame.begin() + at);
  plain.insert(plain.end(), wrapped.begin() + at + inserted, wrapped.end());
  return plain;
}

}  // namespace sluice::evasion
