#include "filters/tls/search.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/tls/record.h"

namespace sluice::tls {
namespace {

constexpr std::uint8_t kMajor = 3;
constexpr std::uint8_t kMostMinor = 4;

// Narrower than may_be_tls: at a place that nothing points to, odd versions are chance.
bool begins_hello(Bytes stream) noexcept {
  if (!may_be_tls(stream)) return false;
  ByteReader reader(stream);
  reader.skip(1);
  const std::uint8_t major = reader.u8();
  if (reader.ok() && major != kMajor) return false;
  const std::uint8_t minor = reader.u8();
  if (reader.ok() && minor > kMostMinor) return false;
  const std::size_t record = reader.u16();
  if (!reader.ok() || record < kHandshakeHeaderBytes + 2) return true;  // a hello cut very short
  reader.skip(1);
  const std::size_t hello = reader.u24();
  if (reader.ok() && (hello > kMaxClientHello || record > hello + kHandshakeHeaderBytes)) {
    return false;
  }
  const std::uint16_t version = reader.u16();
  return !reader.ok() || (version >> 8 == kMajor && (version & 0xff) <= kMostMinor);
}

}  // namespace

std::size_t find_client_hello(Bytes stream, std::size_t from) noexcept {
  constexpr std::byte kHandshake{22};
  for (std::size_t at = from; at < stream.size(); ++at) {
    const auto found =
        std::find(stream.begin() + static_cast<std::ptrdiff_t>(at), stream.end(), kHandshake);
    at = static_cast<std::size_t>(found - stream.begin());
    if (at < stream.size() && begins_hello(stream.subspan(at))) return at;
  }
  return stream.size();
}

}  // namespace sluice::tls
