#pragma once

// Frames for tests, with right lengths and checksums unless told otherwise.
//
//   FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(1000, 0, "PA").payload(text).build()
//
// Terminates the test program on an invalid endpoint.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"

namespace sluice::test {

using ByteVector = std::vector<std::byte>;

[[nodiscard]] ByteVector byte_vector(std::string_view text);
void append(ByteVector& to, Bytes more);
[[nodiscard]] ByteVector joined(const std::vector<ByteVector>& parts);
void append_u8(ByteVector& to, unsigned value);
void append_u16(ByteVector& to, unsigned value);
void append_u32(ByteVector& to, std::uint32_t value);
// Overwrites two bytes; takes the lower 16 bits of `value`.
void patch_u16(ByteVector& bytes, std::size_t at, std::size_t value);

[[nodiscard]] Endpoint endpoint(std::string_view text);  // `192.0.2.1:53`, `[2001:db8::1]:53`

// A UDP datagram, or with tcp() a TCP segment.
class FrameBuilder {
 public:
  FrameBuilder(std::string_view source, std::string_view destination);

  FrameBuilder& payload(Bytes bytes);
  FrameBuilder& payload(std::string_view text) { return payload(as_bytes(text)); }
  FrameBuilder& vlan(std::uint16_t id);      // outermost first
  FrameBuilder& padding(std::size_t count);  // bytes behind the packet, as in short frames
  FrameBuilder& broken_checksum();
  FrameBuilder& fragment(std::uint16_t offset_in_bytes, bool more);  // IPv4

  FrameBuilder& tcp(std::uint32_t sequence, std::uint32_t acknowledgment, std::string_view flags);

  FrameBuilder& urgent(std::uint16_t pointer) {  // of TCP; counts with the flag U
    urgent_ = pointer;
    return *this;
  }

  [[nodiscard]] ByteVector build() const;

 private:
  [[nodiscard]] ByteVector segment() const;

  Endpoint source_, destination_;
  ByteVector payload_;
  std::vector<std::uint16_t> vlans_;
  std::size_t padding_ = 0;
  bool broken_ = false;
  std::uint16_t fragment_ = 0;
  bool is_tcp_ = false;
  std::uint32_t sequence_ = 0, acknowledgment_ = 0;
  std::string flags_;  // of "SAFRPU"
  std::uint16_t urgent_ = 0;
};

// A DNS query for `name` with one question.
struct QueryOptions {
  std::uint16_t id = 0x1234;
  std::uint16_t qtype = 1;
  bool edns = false;
  std::size_t cookie = 0;  // bytes of a COOKIE option (RFC 7873)
};
[[nodiscard]] ByteVector dns_query(std::string_view name, const QueryOptions& options = {});
// With its length in front, as over TCP.
[[nodiscard]] ByteVector framed(Bytes message);

// A TLS 1.3 ClientHello handshake message; `server_name` empty: without the extension.
struct HelloOptions {
  bool ech = false;
  bool empty_name = false;  // the extension, with a name of no bytes
  std::size_t padding = 0;  // bytes of the padding extension (RFC 7685)
  std::string_view alpn = "h2";
};
[[nodiscard]] ByteVector client_hello(std::string_view server_name,
                                      const HelloOptions& options = {});
// The handshake bytes in records of these sizes, and one more for the rest.
[[nodiscard]] ByteVector tls_records(Bytes handshake, const std::vector<std::size_t>& sizes = {});

[[nodiscard]] std::string http_request(std::string_view host);

}  // namespace sluice::test
