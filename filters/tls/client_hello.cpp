#include "filters/tls/client_hello.h"

#include <utility>

#include "filters/base/byte_reader.h"

// What we refuse, because servers could read another name in it:
// - lists and extensions whose inner lengths do not add up to the outer ones;
// - an extension of one type twice (RFC 8446 section 4.2), for those that we read;
// - an empty server_name list, or one with more than one host_name (RFC 6066 section 3).
// What we accept: unknown extensions and versions, bytes behind the hello in its handshake stream,
// a host_name of no bytes, which OpenSSL and with it most servers take as no name.

namespace sluice::tls {
namespace {

enum ExtensionType : std::uint16_t { kServerName = 0, kAlpn = 16, kEch = 0xfe0d };
constexpr std::uint8_t kHostName = 0;
constexpr std::size_t kMaxSessionId = 32;

// RFC 6066: ServerNameList<1..2^16-1> of { name_type, opaque<1..2^16-1> }.
bool read_server_names(Bytes extension, ClientHello& hello) noexcept {
  ByteReader outer(extension);
  const Bytes list = outer.take(outer.u16());
  if (!outer.ok() || outer.remaining() != 0 || list.empty()) return false;
  bool seen = false;
  for (ByteReader entries(list); entries.remaining() > 0;) {
    const std::uint8_t type = entries.u8();
    const Bytes name = entries.take(entries.u16());
    if (!entries.ok()) return false;
    if (type != kHostName) continue;
    if (std::exchange(seen, true)) return false;
    hello.has_server_name = !name.empty();
    hello.server_name = as_text(name);
  }
  return true;
}

// RFC 7301: ProtocolNameList<2..2^16-1> of opaque<1..2^8-1>.
bool read_alpn(Bytes extension, ClientHello& hello) noexcept {
  ByteReader outer(extension);
  const Bytes list = outer.take(outer.u16());
  ByteReader entries(list);
  const Bytes first = entries.take(entries.u8());
  if (!outer.ok() || outer.remaining() != 0 || !entries.ok() || first.empty()) return false;
  hello.first_alpn = as_text(first);
  return true;
}

bool read_extensions(Bytes block, ClientHello& hello) noexcept {
  bool seen_names = false;
  bool seen_alpn = false;
  for (ByteReader extensions(block); extensions.remaining() > 0;) {
    const std::uint16_t type = extensions.u16();
    const Bytes body = extensions.take(extensions.u16());
    if (!extensions.ok()) return false;
    switch (type) {
      case kServerName:
        if (seen_names || !read_server_names(body, hello)) return false;
        seen_names = true;
        break;
      case kAlpn:
        if (seen_alpn || !read_alpn(body, hello)) return false;
        seen_alpn = true;
        break;
      case kEch:
        if (hello.has_ech) return false;
        hello.has_ech = true;
        break;
      default:
        break;
    }
  }
  return true;
}

bool read_body(Bytes body, HelloForm form, ClientHello& hello) noexcept {
  ByteReader reader(body);
  reader.skip(2 + 32);  // legacy_version, random
  const Bytes session_id = reader.take(reader.u8());
  if (form == HelloForm::datagram) reader.skip(reader.u8());  // cookie
  const Bytes ciphers = reader.take(reader.u16());
  const Bytes compressions = reader.take(reader.u8());
  if (!reader.ok() || session_id.size() > kMaxSessionId || ciphers.size() < 2 ||
      ciphers.size() % 2 != 0 || compressions.empty()) {
    return false;
  }
  if (reader.remaining() == 0) return true;  // before TLS 1.3 extensions were optional
  const Bytes extensions = reader.take(reader.u16());
  return reader.ok() && reader.remaining() == 0 && read_extensions(extensions, hello);
}

}  // namespace

Result<ClientHello, HelloError> parse_client_hello(Bytes handshake, HelloForm form) noexcept {
  ByteReader reader(handshake);
  const std::uint8_t type = reader.u8();
  if (reader.ok() && type != kClientHelloMessage) return fail(HelloError::not_client_hello);
  const std::uint32_t length = reader.u24();
  if (!reader.ok()) return fail(HelloError::need_more);
  if (length > kMaxClientHello) return fail(HelloError::too_large);
  const Bytes body = reader.take(length);
  if (!reader.ok()) return fail(HelloError::need_more);
  return parse_hello_body(body, form);
}

Result<ClientHello, HelloError> parse_hello_body(Bytes body, HelloForm form) noexcept {
  if (body.size() > kMaxClientHello) return fail(HelloError::too_large);
  ClientHello hello;
  if (!read_body(body, form, hello)) return fail(HelloError::malformed);
  return hello;
}

std::string_view to_string(HelloError error) noexcept {
  switch (error) {
    case HelloError::need_more:
      return "need_more";
    case HelloError::not_client_hello:
      return "not_client_hello";
    case HelloError::malformed:
      return "malformed";
    case HelloError::too_large:
      return "too_large";
  }
  return "?";
}

}  // namespace sluice::tls
