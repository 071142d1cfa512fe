#include "tests/evasion/payload.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/http2/frames.h"
#include "tests/support/dtls_builder.h"
#include "tests/support/http2_builder.h"

namespace sluice::evasion {
namespace {

using test::append;
using test::append_u16;
using test::append_u8;

void append_extension(ByteVector& to, unsigned type, Bytes body) {
  append_u16(to, type);
  append_u16(to, static_cast<unsigned>(body.size()));
  append(to, body);
}

ByteVector server_name_list(std::string_view name) {
  ByteVector list;
  append_u16(list, static_cast<unsigned>(name.size() + 3));
  append_u8(list, 0);
  append_u16(list, static_cast<unsigned>(name.size()));
  append(list, as_bytes(name));
  return list;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower_ascii);
  while (result.ends_with('.')) result.pop_back();
  return result;
}

// Strings are not Huffman-coded, so that equally long names give equally long streams.
ByteVector http2_request(std::string_view authority) {
  ByteVector block = test::byte_vector("\x82\x86\x84");
  append(block, test::hpack_literal(test::byte_vector("\x41"), authority));
  append(block, test::hpack_literal(test::byte_vector("\x7a"), "client/1.0"));
  ByteVector stream = test::Http2Client().start();
  append(stream, test::http2_frame(test::kHeaders, test::kEndHeaders | test::kEndStream, 1, block));
  return stream;
}

ByteVector stream_of(Kind kind, std::string_view name) {
  switch (kind) {
    case Kind::tls:
      return test::tls_records(client_hello(name));
    case Kind::tls_post_quantum:
      return test::tls_records(client_hello(name, 1700));
    case Kind::http:
      return test::byte_vector(test::http_request(name));
    case Kind::http2:
      return http2_request(name);
    case Kind::quic:
      return client_hello(name);
    case Kind::dtls:
      return test::dtls_hello(name);
    case Kind::dns_udp:
      return test::dns_query(name);
    case Kind::dns:
      break;
  }
  return test::framed(test::dns_query(name));
}

// The server_name of the handshake message that starts `bytes`; empty if it has none or is
// incomplete.
std::string server_name_of(Bytes bytes, bool has_cookie = false) {
  ByteReader reader(bytes);
  reader.skip(1);
  const std::size_t size = std::size_t{reader.u8()} << 16 | reader.u16();
  ByteReader hello(reader.take(size));
  hello.skip(2 + 32);
  hello.skip(hello.u8());
  if (has_cookie) hello.skip(hello.u8());
  hello.skip(hello.u16());
  hello.skip(hello.u8());
  ByteReader extensions(hello.take(hello.u16()));
  while (reader.ok() && extensions.ok() && extensions.remaining() > 0) {
    const unsigned type = extensions.u16();
    ByteReader body(extensions.take(extensions.u16()));
    if (type != 0) continue;
    body.skip(3);
    return lower(as_text(body.take(body.u16())));
  }
  return {};
}

std::vector<std::string> names_in_hello(const std::string& name) {
  return name.empty() ? std::vector<std::string>{} : std::vector{name.substr(0, name.find(':'))};
}

std::vector<std::string> names_in_tls(Bytes stream) {
  ByteVector handshake;
  for (ByteReader reader(stream); reader.remaining() >= 5;) {
    const unsigned type = reader.u8();
    reader.skip(2);
    const Bytes fragment = reader.take(reader.u16());
    if (type < 20 || type > 22 || !reader.ok()) break;
    if (type == 22) append(handshake, fragment);
  }
  // A server that asks again (HelloRetryRequest) takes the last one.
  std::vector<std::string> names;
  for (ByteReader messages(handshake); messages.remaining() >= 4;) {
    const Bytes message = messages.rest();
    messages.skip(1);
    messages.skip(messages.u24());
    for (std::string& name : names_in_hello(server_name_of(message)))
      names.push_back(std::move(name));
  }
  return names;
}

void add_hosts(std::string_view head, std::vector<std::string>& names) {
  const std::string folded = lower(head);
  for (const std::string_view field : {"\nhost:", "\nhost :", "\rhost:", "http://"}) {
    for (std::size_t at = folded.find(field); at != std::string::npos;
         at = folded.find(field, at + 1)) {
      const std::size_t from = folded.find_first_not_of(" \t\r\n", at + field.size());
      if (from == std::string::npos) continue;
      const std::size_t to = folded.find_first_of(" \t\f\r\n:/,", from);
      names.push_back(lower(folded.substr(from, to - from)));
    }
  }
}

std::vector<std::string> names_in_http(Bytes stream) {
  std::vector<std::string> names;
  std::string_view rest = as_text(stream);
  for (std::size_t end = rest.find("\r\n\r\n"); end != std::string_view::npos;
       end = rest.find("\r\n\r\n")) {
    add_hosts(rest.substr(0, end + 4), names);
    rest.remove_prefix(end + 4);
  }
  return names;
}

// Every authority in the block, even if the block breaks off behind it.
bool add_authorities(test::FieldDecoder& decoder, Bytes block, std::vector<std::string>& names) {
  test::FieldList fields;
  const bool is_block = decoder.decode(block, fields);
  for (const auto& [name, value] : fields) {
    if (name != ":authority" && name != "host") continue;
    const std::string host = value.substr(value.find('@') + 1);
    names.push_back(lower(host.substr(0, host.find(':'))));
  }
  return is_block;
}

std::vector<std::string> names_in_http2(Bytes stream) {
  std::vector<std::string> names;
  test::FieldDecoder decoder;
  ByteVector block;
  ByteReader reader(stream);
  if (as_text(reader.take(http2::kPreface.size())) != http2::kPreface) return names;
  while (reader.remaining() > 0) {
    const std::size_t length = reader.u24();
    const unsigned type = reader.u8();
    const unsigned flags = reader.u8();
    reader.skip(4);
    ByteReader payload(reader.take(length));
    if (!reader.ok()) break;
    if (type != test::kHeaders && type != test::kContinuation) continue;
    const bool begins = type == test::kHeaders;
    const std::size_t padding = begins && (flags & test::kPadded) != 0 ? payload.u8() : 0;
    if (begins && (flags & test::kPriority) != 0) payload.skip(5);
    append(block, payload.take(payload.remaining() - std::min(padding, payload.remaining())));
    if ((flags & test::kEndHeaders) == 0) continue;
    if (!add_authorities(decoder, block, names)) break;
    block.clear();
  }
  return names;
}

// The name at `at`. Pointers may lead anywhere; follows as many as a resolver does.
std::string dns_name(Bytes message, std::size_t at, std::size_t& end) {
  std::string name;
  end = 0;
  for (int jumps = 0; jumps < 64 && at < message.size();) {
    const auto length = std::to_integer<std::size_t>(message[at]);
    if (length >= 0xc0 && at + 1 < message.size()) {
      if (end == 0) end = at + 2;
      at = (length & 0x3f) << 8 | std::to_integer<std::size_t>(message[at + 1]);
      ++jumps;
      continue;
    }
    if (length == 0 || at + 1 + length > message.size()) break;
    name += std::string(as_text(message.subspan(at + 1, length))) + '.';
    at += 1 + length;
  }
  if (end == 0) end = at + 1;
  return lower(name);
}

std::vector<std::string> names_in_dns(Bytes stream) {
  std::vector<std::string> names;
  for (ByteReader reader(stream); reader.remaining() >= 2;) {
    const Bytes message = reader.take(reader.u16());
    if (!reader.ok() || message.size() < 12) break;
    std::size_t at = 12;
    const auto questions = std::to_integer<unsigned>(message[5]);
    for (unsigned i = 0; i < questions && at < message.size(); ++i) {
      std::size_t end = 0;
      names.push_back(dns_name(message, at, end));
      at = end + 4;
    }
  }
  return names;
}

void add_keys(Bytes params, std::vector<std::string>& targets) {
  constexpr std::uint16_t kEch = 5;
  for (ByteReader reader(params); reader.remaining() >= 4;) {
    const std::uint16_t key = reader.u16();
    const Bytes value = reader.take(reader.u16());
    if (key == kEch) targets.emplace_back(as_text(value));
  }
}

// The names of one message. Reads all sections to the end.
void add_targets(Bytes message, std::vector<std::string>& targets) {
  constexpr std::uint16_t kCname = 5, kDname = 39, kHttps = 65;
  std::size_t at = 12, end = 0;
  const auto questions = std::to_integer<unsigned>(message[5]);
  for (unsigned i = 0; i < questions && at < message.size(); ++i) {
    static_cast<void>(dns_name(message, at, end));
    at = end + 4;
  }
  while (at + 10 < message.size()) {
    static_cast<void>(dns_name(message, at, end));
    ByteReader fields(message);
    fields.skip(end);
    const std::uint16_t type = fields.u16();
    fields.skip(6);
    const std::uint16_t size = fields.u16();
    if (!fields.ok()) return;
    const std::size_t data = fields.position();
    if (type == kCname || type == kDname) targets.push_back(dns_name(message, data, end));
    if (type == kHttps) {
      targets.push_back(dns_name(message, data + 2, end));
      if (data + size <= message.size() && end <= data + size) {
        add_keys(message.subspan(end, data + size - end), targets);
      }
    }
    at = data + size;
  }
}

}  // namespace

std::vector<std::string> targets_in(Bytes stream) {
  std::vector<std::string> targets;
  for (ByteReader reader(stream); reader.remaining() >= 2;) {
    const Bytes message = reader.take(reader.u16());
    if (!reader.ok() || message.size() < 12) break;
    add_targets(message, targets);
  }
  return targets;
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::tls:
      return "tls";
    case Kind::tls_post_quantum:
      return "tls-2k";
    case Kind::http:
      return "http";
    case Kind::http2:
      return "http2";
    case Kind::dns_udp:
      return "dns-udp";
    case Kind::quic:
      return "quic";
    case Kind::dtls:
      return "dtls";
    case Kind::dns:
      break;
  }
  return "dns";
}

std::uint16_t port_of(Kind kind) {
  switch (kind) {
    case Kind::http:
    case Kind::http2:
      return 80;
    case Kind::dns:
    case Kind::dns_udp:
      return 53;
    case Kind::tls:
    case Kind::tls_post_quantum:
    case Kind::quic:
    case Kind::dtls:
      break;
  }
  return 443;
}

ByteVector client_hello(std::string_view name, std::size_t key_share) {
  ByteVector extensions;
  append_extension(extensions, 43, test::byte_vector("\x02\x03\x04"));
  append_extension(extensions, 51, ByteVector(key_share, std::byte{0x33}));
  append_extension(extensions, 0, server_name_list(name));
  append_extension(extensions, 16, test::byte_vector(std::string_view("\x00\x03\x02h2", 5)));
  ByteVector body;
  append_u16(body, 0x0303);
  body.resize(body.size() + 32, std::byte{0x55});  // random
  append_u8(body, 32);
  body.resize(body.size() + 32, std::byte{0x66});  // session
  append_u16(body, 4);
  append(body, test::byte_vector("\x13\x01\x13\x02"));
  append_u16(body, 0x0100);  // one compression method, null
  append_u16(body, static_cast<unsigned>(extensions.size()));
  append(body, extensions);
  ByteVector hello;
  append_u16(hello, 0x0100);  // client_hello; a length of three bytes
  append_u16(hello, static_cast<unsigned>(body.size()));
  append(hello, body);
  return hello;
}

Payload payload_of(Kind kind, std::string_view name) {
  return payload_of(kind, name, stream_of(kind, name), stream_of(kind, kDecoyName));
}

Payload payload_of(Kind kind, std::string_view name, ByteVector stream, ByteVector decoy) {
  const std::size_t at = as_text(stream).find("abc");
  const std::size_t name_at = at == std::string_view::npos ? stream.size() / 2 : at;
  return {.kind = kind,
          .name = std::string(name),
          .stream = std::move(stream),
          .decoy = std::move(decoy),
          .name_at = name_at,
          .name_end = name_at + name.size()};
}

std::vector<std::string> names_in(Kind kind, Bytes stream) {
  switch (kind) {
    case Kind::http:
      return names_in_http(stream);
    case Kind::http2:
      return names_in_http2(stream);
    case Kind::dns:
      return names_in_dns(stream);
    case Kind::dns_udp:
      return names_in_dns(test::framed(stream));
    case Kind::quic:
      return names_in_hello(server_name_of(stream));
    case Kind::dtls:
      return names_in_hello(server_name_of(stream, true));
    case Kind::tls:
    case Kind::tls_post_quantum:
      break;
  }
  return names_in_tls(stream);
}

}  // namespace sluice::evasion
