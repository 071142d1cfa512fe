// Any handshake bytes: views lie in them; a prefix needs more, or says what the whole says; bytes
// behind the hello change nothing.

#include <cstdint>
#include <span>
#include <vector>

#include "filters/tls/client_hello.h"
#include "tests/fuzz/require.h"

namespace sluice::tls {
namespace {

using fuzz::lies_in;
using fuzz::require;
using Read = Result<ClientHello, HelloError>;

bool same(const Read& a, const Read& b) {
  if (!a || !b) return !a && !b && a.error() == b.error();
  return a->server_name == b->server_name && a->first_alpn == b->first_alpn &&
         a->has_server_name == b->has_server_name && a->has_ech == b->has_ech;
}

bool needs_more(const Read& read) {
  return !read && read.error() == HelloError::need_more;
}

void check(Bytes handshake) {
  const Read whole = parse_client_hello(handshake);
  if (whole) {
    require(lies_in(whole->server_name, handshake) && lies_in(whole->first_alpn, handshake));
    require(whole->has_server_name != whole->server_name.empty());
    require(handshake.size() >= kHandshakeHeaderBytes);
  } else {
    require(!to_string(whole.error()).empty());
  }
  bool decided = false;
  for (std::size_t size = 0; size <= handshake.size(); ++size) {
    const Read prefix = parse_client_hello(handshake.first(size));
    require(needs_more(prefix) ? !decided : same(prefix, whole));
    decided = !needs_more(prefix);
  }
  if (needs_more(whole)) return;
  std::vector<std::byte> longer(handshake.begin(), handshake.end());
  longer.resize(longer.size() + 7, std::byte{0xff});
  require(same(parse_client_hello(longer), whole));
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::tls::check(std::as_bytes(std::span(data, size)));
  return 0;
}
