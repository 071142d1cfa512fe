#include "filters/tls/dtls.h"

#include "filters/tls/client_hello.h"
#include "filters/tls/record.h"

namespace sluice::tls {
namespace {

// RFC 9147 section 7; alert, handshake, application data, heartbeat, 1.2 CID lie between.
constexpr std::uint8_t kAck = 26;
constexpr std::size_t kNumberBytes = 6;

}  // namespace

bool HelloFragments::next_record() noexcept {
  while (records_.remaining() > 0) {
    const std::uint8_t type = records_.u8();
    if (type < kChangeCipherSpecRecord || type > kAck) return false;
    records_.skip(2);  // the version: GnuTLS takes any
    const std::uint16_t epoch = records_.u16();
    records_.skip(kNumberBytes);
    const Bytes content = records_.take(records_.u16());
    if (!records_.ok()) return false;
    if (type == kHandshakeRecord && epoch == 0) {
      messages_ = ByteReader(content);
      return true;
    }
  }
  return false;
}

std::optional<HelloFragment> HelloFragments::next() noexcept {
  for (;;) {
    if (messages_.remaining() == 0) {
      if (!next_record()) return std::nullopt;
      continue;
    }
    const std::uint8_t type = messages_.u8();
    HelloFragment fragment;
    fragment.length = messages_.u24();
    fragment.message = messages_.u16();
    fragment.offset = messages_.u24();
    fragment.bytes = messages_.take(messages_.u24());
    // A fragment with wrong lengths ends its record.
    const bool fits = messages_.ok() && fragment.offset <= fragment.length &&
                      fragment.bytes.size() <= fragment.length - fragment.offset;
    if (!fits) {
      messages_ = ByteReader(Bytes{});
    } else if (type == kClientHelloMessage && !fragment.bytes.empty()) {
      return fragment;
    }
  }
}

}  // namespace sluice::tls
