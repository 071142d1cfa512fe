#include "tests/support/dtls_builder.h"

#include <algorithm>

namespace sluice::test {
namespace {

void append_u24(ByteVector& to, std::size_t value) {
  append_u8(to, static_cast<unsigned>(value >> 16 & 0xff));
  append_u16(to, static_cast<unsigned>(value & 0xffff));
}

}  // namespace

ByteVector dtls_hello(std::string_view server_name, std::string_view cookie,
                      const HelloOptions& options) {
  constexpr std::size_t kHeader = 4, kFixed = 2 + 32;  // version and random
  const ByteVector message = client_hello(server_name, options);
  const Bytes body = Bytes(message).subspan(kHeader);
  const std::size_t behind_session = kFixed + 1 + std::to_integer<std::size_t>(body[kFixed]);
  ByteVector hello = byte_vector("\xfe\xfd");
  append(hello, body.subspan(2, behind_session - 2));
  append_u8(hello, static_cast<unsigned>(cookie.size()));
  append(hello, as_bytes(cookie));
  append(hello, body.subspan(behind_session));
  return hello;
}

ByteVector dtls_fragment(Bytes body, std::size_t offset, std::size_t size,
                         const DtlsMessage& message) {
  const Bytes part = body.subspan(offset, std::min(size, body.size() - offset));
  ByteVector fragment;
  append_u8(fragment, message.type);
  append_u24(fragment, body.size());
  append_u16(fragment, message.number);
  append_u24(fragment, offset);
  append_u24(fragment, part.size());
  append(fragment, part);
  return fragment;
}

ByteVector dtls_record(Bytes content, const DtlsRecord& record) {
  ByteVector bytes;
  append_u8(bytes, record.type);
  append_u16(bytes, record.version);
  append_u16(bytes, record.epoch);
  append_u16(bytes, 0);  // number of the record
  append_u32(bytes, 1);
  append_u16(bytes, static_cast<unsigned>(content.size()));
  append(bytes, content);
  return bytes;
}

std::vector<ByteVector> dtls_datagrams(Bytes body, std::size_t size, const DtlsMessage& message) {
  std::vector<ByteVector> datagrams;
  for (std::size_t at = 0; at < body.size(); at += size) {
    datagrams.push_back(dtls_record(dtls_fragment(body, at, size, message)));
  }
  return datagrams;
}

}  // namespace sluice::test
