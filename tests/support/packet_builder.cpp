#include "tests/support/packet_builder.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "filters/name/name.h"
#include "filters/packet/checksum.h"

namespace sluice::test {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

// `length`-prefixed, as TLS vectors are.
void append_vector16(ByteVector& to, Bytes body) {
  append_u16(to, static_cast<unsigned>(body.size()));
  append(to, body);
}

void append_extension(ByteVector& to, unsigned type, Bytes body) {
  append_u16(to, type);
  append_vector16(to, body);
}

}  // namespace

ByteVector byte_vector(std::string_view text) {
  ByteVector result;
  append(result, as_bytes(text));
  return result;
}
void append(ByteVector& to, Bytes more) {
  to.insert(to.end(), more.begin(), more.end());
}
ByteVector joined(const std::vector<ByteVector>& parts) {
  ByteVector all;
  for (const ByteVector& part : parts) append(all, part);
  return all;
}
void append_u8(ByteVector& to, unsigned value) {
  to.push_back(static_cast<std::byte>(value));
}
void append_u16(ByteVector& to, unsigned value) {
  append_u8(to, value >> 8 & 0xff);
  append_u8(to, value & 0xff);
}
void patch_u16(ByteVector& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value & 0xff);
}
void append_u32(ByteVector& to, std::uint32_t value) {
  append_u16(to, value >> 16);
  append_u16(to, value & 0xffff);
}

Endpoint endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  std::uint16_t port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (!address) {
    std::fprintf(stderr, "not an endpoint: %.*s\n", static_cast<int>(text.size()), text.data());
    std::abort();
  }
  return {*address, Port{port}};
}

FrameBuilder::FrameBuilder(std::string_view source, std::string_view destination)
    : source_(endpoint(source)), destination_(endpoint(destination)) {}

FrameBuilder& FrameBuilder::payload(Bytes bytes) {
  payload_.assign(bytes.begin(), bytes.end());
  return *this;
}
FrameBuilder& FrameBuilder::vlan(std::uint16_t id) {
  vlans_.push_back(id);
  return *this;
}
FrameBuilder& FrameBuilder::padding(std::size_t count) {
  padding_ = count;
  return *this;
}
FrameBuilder& FrameBuilder::broken_checksum() {
  broken_ = true;
  return *this;
}
FrameBuilder& FrameBuilder::fragment(std::uint16_t offset_in_bytes, bool more) {
  fragment_ = static_cast<std::uint16_t>(offset_in_bytes / 8 | (more ? 0x2000 : 0));
  return *this;
}
FrameBuilder& FrameBuilder::tcp(std::uint32_t sequence, std::uint32_t acknowledgment,
                                std::string_view flags) {
  is_tcp_ = true;
  sequence_ = sequence;
  acknowledgment_ = acknowledgment;
  flags_ = flags;
  return *this;
}

ByteVector FrameBuilder::segment() const {
  ByteVector bytes;
  append_u16(bytes, source_.port.number);
  append_u16(bytes, destination_.port.number);
  if (is_tcp_) {
    constexpr std::string_view kFlags = "FSRPAU";
    unsigned flags = 0;
    for (const char flag : flags_) flags |= 1U << kFlags.find(flag);
    append_u32(bytes, sequence_);
    append_u32(bytes, acknowledgment_);
    append_u8(bytes, 5 << 4);
    append_u8(bytes, flags);
    append_u16(bytes, 0xffff);
    append_u16(bytes, 0);  // checksum
    append_u16(bytes, urgent_);
  } else {
    append_u16(bytes, static_cast<unsigned>(payload_.size() + 8));
    append_u16(bytes, 0);
  }
  append(bytes, payload_);
  unsigned sum = packet::transport_checksum(source_.address, destination_.address,
                                            is_tcp_ ? kTcp : kUdp, bytes);
  if (broken_) sum ^= 0x5555;
  patch_u16(bytes, is_tcp_ ? 16 : 6, sum);
  return bytes;
}

ByteVector FrameBuilder::build() const {
  const bool v4 = source_.address.is_v4();
  const ByteVector transport = segment();
  ByteVector frame;
  for (unsigned i = 0; i < 6; ++i) append_u8(frame, 0xa0 + i);  // destination
  for (unsigned i = 0; i < 6; ++i) append_u8(frame, 0xb0 + i);  // source
  for (const std::uint16_t id : vlans_) {
    append_u16(frame, 0x8100);
    append_u16(frame, id);
  }
  append_u16(frame, v4 ? 0x0800 : 0x86dd);
  const std::size_t ip = frame.size();
  if (v4) {
    append_u16(frame, 0x4500);
    append_u16(frame, static_cast<unsigned>(20 + transport.size()));
    append_u16(frame, 0x1111);
    append_u16(frame, fragment_);
    append_u8(frame, 64);
    append_u8(frame, is_tcp_ ? kTcp : kUdp);
    append_u16(frame, 0);
  } else {
    append_u32(frame, 0x60000000);
    append_u16(frame, static_cast<unsigned>(transport.size()));
    append_u8(frame, is_tcp_ ? kTcp : kUdp);
    append_u8(frame, 64);
  }
  append(frame, source_.address.wire());
  append(frame, destination_.address.wire());
  if (v4) {
    const unsigned sum = packet::ones_complement_sum(Bytes(frame).subspan(ip));
    patch_u16(frame, ip + 10, ~sum & 0xffff);
  }
  append(frame, transport);
  frame.resize(frame.size() + padding_);
  return frame;
}

ByteVector dns_query(std::string_view name, const QueryOptions& options) {
  ByteVector message;
  append_u16(message, options.id);
  append_u16(message, 0x0100);  // RD
  append_u16(message, 1);
  append_u16(message, 0);
  append_u16(message, 0);
  append_u16(message, options.edns ? 1 : 0);
  // Letters as they are: a query may have them in any case.
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    append_u8(message, static_cast<unsigned>(label.size()));
    append(message, as_bytes(label));
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  append_u8(message, 0);
  append_u16(message, options.qtype);
  append_u16(message, 1);
  if (!options.edns) return message;
  append_u8(message, 0);
  append_u16(message, 41);
  append_u16(message, 1232);
  append_u32(message, 0);
  append_u16(message, options.cookie == 0 ? 0 : static_cast<unsigned>(options.cookie + 4));
  if (options.cookie > 0) {
    append_u16(message, 10);
    append_u16(message, static_cast<unsigned>(options.cookie));
    message.resize(message.size() + options.cookie, std::byte{0x42});
  }
  return message;
}

ByteVector framed(Bytes message) {
  ByteVector stream;
  append_vector16(stream, message);
  return stream;
}

ByteVector client_hello(std::string_view server_name, const HelloOptions& options) {
  ByteVector extensions;
  append_extension(extensions, 43, byte_vector(std::string_view("\x02\x03\x04", 3)));
  if (!server_name.empty() || options.empty_name) {
    ByteVector entry;
    append_u8(entry, 0);
    append_vector16(entry, as_bytes(server_name));
    ByteVector list;
    append_vector16(list, entry);
    append_extension(extensions, 0, list);
  }
  ByteVector alpn;
  append_u16(alpn, static_cast<unsigned>(options.alpn.size() + 1));
  append_u8(alpn, static_cast<unsigned>(options.alpn.size()));
  append(alpn, as_bytes(options.alpn));
  append_extension(extensions, 16, alpn);
  if (options.ech) append_extension(extensions, 0xfe0d, ByteVector(40, std::byte{7}));
  if (options.padding > 0) append_extension(extensions, 21, ByteVector(options.padding));

  ByteVector body;
  append_u16(body, 0x0303);
  body.resize(body.size() + 32, std::byte{0x55});  // random
  append_u8(body, 32);
  body.resize(body.size() + 32, std::byte{0x66});  // session id
  append_vector16(body, byte_vector("\x13\x01\x13\x02"));
  append_u16(body, 0x0100);  // one compression method, null
  append_vector16(body, extensions);

  ByteVector hello;
  append_u8(hello, 1);
  append_u8(hello, static_cast<unsigned>(body.size() >> 16));
  append_u16(hello, static_cast<unsigned>(body.size() & 0xffff));
  append(hello, body);
  return hello;
}

ByteVector tls_records(Bytes handshake, const std::vector<std::size_t>& sizes) {
  ByteVector stream;
  const auto add = [&](std::size_t size) {
    append_u8(stream, 22);
    append_u16(stream, 0x0301);
    append_vector16(stream, handshake.first(size));
    handshake = handshake.subspan(size);
  };
  for (const std::size_t size : sizes) {
    if (size < handshake.size()) add(size);
  }
  if (!handshake.empty()) add(handshake.size());
  return stream;
}

std::string http_request(std::string_view host) {
  return "GET / HTTP/1.1\r\nUser-Agent: test\r\nHost: " + std::string(host) +
         "\r\nAccept: */*\r\n\r\n";
}

}  // namespace sluice::test
