// Two readings of one input. As a stream: views lie in it or in scratch, a prefix needs more (and
// as much as it says) or tells what the whole tells, and so does a walk that goes on. As handshake
// bytes with a way to cut them: any records give the hello that the bytes give.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/tls/record.h"
#include "tests/fuzz/require.h"

namespace sluice::tls {
namespace {

using fuzz::lies_in;
using fuzz::require;

using ByteVector = std::vector<std::byte>;
using Scratch = std::array<std::byte, kMaxClientHello + kHandshakeHeaderBytes>;
using Read = Result<ClientHello, HelloError>;

bool same(const Read& a, const Read& b) {
  if (!a || !b) return !a && !b && a.error() == b.error();
  return a->server_name == b->server_name && a->first_alpn == b->first_alpn &&
         a->has_server_name == b->has_server_name && a->has_ech == b->has_ech;
}

void check_stream(Bytes stream) {
  Scratch whole_scratch;
  Scratch scratch;
  Scratch other;
  const HelloRead whole = read_client_hello(stream, whole_scratch);
  bool may_be = true;
  std::size_t needed = 0;
  HelloWalk walk;
  std::size_t examined = 0, asked = 1;
  bool is_over = false;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const Bytes prefix = stream.first(size);
    const HelloRead read = read_client_hello(prefix, scratch);
    const bool still_may_be = may_be_tls(prefix);
    require(may_be || !still_may_be);
    may_be = still_may_be;
    // A walk that goes on says what a new one says, and reads few bytes again.
    if (!is_over && size >= asked) {
      const HelloRead on = read_client_hello(prefix, walk, other);
      require(same(on.hello, read.hello) && on.consumed == read.consumed);
      examined += on.examined;
      require(examined <= 8 * size);
      is_over = on.hello || on.hello.error() != HelloError::need_more;
      if (!is_over) require(on.needed == read.needed);
      asked = on.needed;
    }
    if (read.hello) {
      require(size >= needed && read.consumed <= size && may_be);
      for (const std::string_view view : {read.hello->server_name, read.hello->first_alpn}) {
        require(lies_in(view, prefix) || lies_in(view, scratch));
      }
    } else if (read.hello.error() == HelloError::need_more) {
      require(read.needed > size && read.needed <= kMaxHelloStream);
      needed = std::max(needed, read.needed);
      continue;
    }
    require(same(read.hello, whole.hello));
    require(!read.hello || read.consumed == std::min(whole.consumed, size));
  }
}

// | count of sizes | sizes of records, one byte each | handshake bytes |
void check_records(Bytes input) {
  if (input.empty()) return;
  const std::size_t count = std::to_integer<std::size_t>(input[0]) % 8;
  if (input.size() < 1 + count) return;
  const Bytes sizes = input.subspan(1, count);
  const Bytes handshake = input.subspan(1 + count);
  const Read expected = parse_client_hello(handshake);
  ByteVector stream;
  Bytes rest = handshake;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    const std::size_t size =
        i < count ? std::clamp<std::size_t>(std::to_integer<std::size_t>(sizes[i]), 1, rest.size())
                  : rest.size();
    for (const std::size_t byte :
         {std::size_t{22}, std::size_t{3}, std::size_t{1}, size >> 8, size & 0xff}) {
      stream.push_back(static_cast<std::byte>(byte));
    }
    stream.insert(stream.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    rest = rest.subspan(size);
  }
  Scratch scratch;
  const Read read = read_client_hello(stream, scratch).hello;
  // Another hello behind it, in the same record, is refused.
  const bool is_refused = expected && !read && read.error() == HelloError::malformed;
  require(is_refused || same(read, expected));
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  sluice::tls::check_stream(input);
  sluice::tls::check_records(input);
  return 0;
}
