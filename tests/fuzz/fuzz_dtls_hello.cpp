// As a datagram: fragments lie in it and within their message, what they say of it holds, a prefix
// has no fragment that the whole has not, and what is whole parses as the same bytes in order do.
// As a body with a way to cut it: any fragments in any records make it up again.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/tls/client_hello.h"
#include "filters/tls/dtls.h"
#include "tests/fuzz/require.h"

namespace sluice::tls {
namespace {

using fuzz::lies_in;
using fuzz::require;

using ByteVector = std::vector<std::byte>;

std::vector<HelloFragment> all_of(Bytes datagram) {
  std::vector<HelloFragment> all;
  HelloFragments fragments(datagram);
  while (const auto fragment = fragments.next()) all.push_back(*fragment);
  return all;
}

void check_datagram(Bytes datagram) {
  const std::vector<HelloFragment> whole = all_of(datagram);
  require(has_dtls_hello(datagram) == !whole.empty());
  for (const HelloFragment& fragment : whole) {
    require(!fragment.bytes.empty() && lies_in(fragment.bytes, datagram));
    require(fragment.offset + fragment.bytes.size() <= fragment.length);
    if (!fragment.is_whole()) continue;
    const auto hello = parse_hello_body(fragment.bytes, HelloForm::datagram);
    require(!hello || lies_in(hello->server_name, fragment.bytes));
    require(hello || hello.error() != HelloError::need_more);
  }
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    const std::vector<HelloFragment> part = all_of(datagram.first(size));
    require(part.size() <= whole.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      require(part[i].bytes.data() == whole[i].bytes.data());
    }
  }
}

void append_number(ByteVector& to, std::size_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<std::byte>(value >> (8 * i)));
}

// | count of sizes | sizes of fragments, one byte each | body |
void check_body(Bytes input) {
  if (input.empty()) return;
  const std::size_t count = std::to_integer<std::size_t>(input[0]) % 8;
  if (input.size() < 1 + count) return;
  const Bytes sizes = input.subspan(1, count);
  const Bytes body = input.subspan(1 + count);
  ByteVector datagram;
  for (std::size_t at = 0, i = 0; at < body.size(); ++i) {
    const std::size_t left = body.size() - at;
    const std::size_t size =
        i < count ? std::clamp<std::size_t>(std::to_integer<std::size_t>(sizes[i]), 1, left) : left;
    if (size > 0x4000) return;
    append_number(datagram, 22, 1);
    append_number(datagram, 0xfefd, 2);
    append_number(datagram, i, 8);  // epoch 0
    append_number(datagram, 12 + size, 2);
    append_number(datagram, 1, 1);
    append_number(datagram, body.size(), 3);
    append_number(datagram, 3, 2);
    append_number(datagram, at, 3);
    append_number(datagram, size, 3);
    const Bytes part = body.subspan(at, size);
    datagram.insert(datagram.end(), part.begin(), part.end());
    at += size;
  }
  ByteVector found(body.size());
  for (const HelloFragment& fragment : all_of(datagram)) {
    require(fragment.length == body.size() && fragment.message == 3);
    std::ranges::copy(fragment.bytes, found.begin() + fragment.offset);
  }
  require(std::ranges::equal(found, body));
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  sluice::tls::check_datagram(input);
  sluice::tls::check_body(input);
  return 0;
}
