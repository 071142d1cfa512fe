#include "tests/support/client_hello.h"

#include <algorithm>
#include <cstdint>

namespace sluice::test {
namespace {

enum Extension : std::uint16_t {
  kServerName = 0,
  kStatusRequest = 5,
  kSupportedGroups = 10,
  kPointFormats = 11,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kCertificateTimestamp = 18,
  kPadding = 21,
  kExtendedMasterSecret = 23,
  kSessionTicket = 35,
  kSupportedVersions = 43,
  kKeyExchangeModes = 45,
  kKeyShare = 51,
  kEch = 0xfe0d,
  kRenegotiationInfo = 0xff01,
};

constexpr std::uint16_t kGrease = 0x2a2a;  // RFC 8701
constexpr std::uint16_t kX25519 = 0x001d;
constexpr std::uint16_t kX25519MlKem768 = 0x11ec;
constexpr std::size_t kMlKemShare = 1184 + 32;

// Looks random and is the same in every run.
Octets noise(std::size_t count, std::uint32_t state) {
  Octets bytes(count);
  for (std::byte& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

Octets u16_list(std::initializer_list<std::uint16_t> values, std::size_t width) {
  OctetWriter list;
  for (const std::uint16_t value : values) list.u16(value);
  return OctetWriter().counted(width, list.view()).take();
}

void add(OctetWriter& out, std::uint16_t type, Bytes data = {}) {
  out.u16(type).counted(2, data);
}

Octets server_name_data(std::string_view name) {
  const Octets entry = OctetWriter().u8(0).counted(2, as_bytes(name)).take();
  return OctetWriter().counted(2, entry).take();
}

Octets alpn_data(const std::vector<std::string>& protocols) {
  OctetWriter list;
  for (const std::string& protocol : protocols) list.counted(1, as_bytes(protocol));
  return OctetWriter().counted(2, list.view()).take();
}

Octets key_share_data(bool post_quantum) {
  OctetWriter shares;
  shares.u16(kGrease).u16(1).u8(0);
  if (post_quantum) shares.u16(kX25519MlKem768).counted(2, noise(kMlKemShare, 3));
  shares.u16(kX25519).counted(2, noise(32, 4));
  return OctetWriter().counted(2, shares.view()).take();
}

// ECHClientHello, outer: HKDF-SHA256 with AES-128-GCM, an encapsulated key and the inner hello.
Octets ech_data() {
  OctetWriter out;
  out.u8(0).u16(1).u16(1).u8(0x5b).counted(2, noise(32, 5)).counted(2, noise(208, 6));
  return out.take();
}

Octets extensions_of(std::string_view server_name, const HelloOptions& options) {
  OctetWriter out;
  add(out, kGrease);
  if (!server_name.empty()) add(out, kServerName, server_name_data(server_name));
  add(out, kExtendedMasterSecret);
  add(out, kRenegotiationInfo, OctetWriter().u8(0).view());
  add(out, kSupportedGroups,
      options.post_quantum ? u16_list({kGrease, kX25519MlKem768, kX25519, 0x0017, 0x0018}, 2)
                           : u16_list({kGrease, kX25519, 0x0017, 0x0018}, 2));
  add(out, kPointFormats, OctetWriter().u8(1).u8(0).view());
  add(out, kSessionTicket);
  if (!options.alpn.empty()) add(out, kAlpn, alpn_data(options.alpn));
  add(out, kStatusRequest, OctetWriter().u8(1).u32(0).view());
  add(out, kSignatureAlgorithms,
      u16_list({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}, 2));
  add(out, kCertificateTimestamp);
  add(out, kKeyShare, key_share_data(options.post_quantum));
  add(out, kKeyExchangeModes, OctetWriter().u8(1).u8(1).view());
  add(out, kSupportedVersions, u16_list({kGrease, 0x0304, 0x0303}, 1));
  if (options.ech) add(out, kEch, ech_data());
  return out.take();
}

}  // namespace

Octets client_hello_bytes(std::string_view server_name, const HelloOptions& options) {
  OctetWriter body;
  body.u16(0x0303).bytes(noise(32, 1)).counted(1, noise(32, 2));
  body.bytes(u16_list({kGrease, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
                       0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
                      2));
  body.u8(1).u8(0);
  OctetWriter extensions;
  extensions.bytes(extensions_of(server_name, options));
  const std::size_t size = 4 + body.size() + 2 + extensions.size();
  if (size < options.padded_to) {
    const std::size_t missing = options.padded_to - size;
    add(extensions, kPadding, Octets(missing > 4 ? missing - 4 : 0));
  }
  body.counted(2, extensions.view());
  return OctetWriter().u8(1).counted(3, body.view()).take();
}

Octets tls_records(Bytes handshake, std::span<const std::size_t> sizes) {
  constexpr std::size_t kMaxRecord = 1 << 14;
  OctetWriter out;
  for (std::size_t i = 0; !handshake.empty(); ++i) {
    const std::size_t size = std::min(i < sizes.size() ? sizes[i] : kMaxRecord, handshake.size());
    out.u8(22).u16(0x0301).counted(2, handshake.first(size));
    handshake = handshake.subspan(size);
  }
  return out.take();
}

}  // namespace sluice::test
