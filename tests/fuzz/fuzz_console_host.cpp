// Any bytes as the Host header and the Authorization header of a request to the console. A host
// lies inside the header, without port and brackets, and written again it is the same; who listens
// on one address takes no other host than `localhost`, loopback addresses and that one; a token is
// the one that it is, and no other text.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "filters/base/bytes.h"
#include "gateway/console/gate.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

constexpr std::string_view kToken = "0123456789abcdef";

bool is_known(std::string_view host, const IpAddress& listen) {
  std::string word(host);
  for (char& c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  if (word == "localhost") return true;
  const auto address = IpAddress::parse(host);
  if (!address) return false;
  const std::string text = address->to_string();
  return text.starts_with("127.") || text == "::1" || *address == listen;
}

void check(std::string_view header) {
  static const IpAddress listen = IpAddress::parse("192.0.2.7").value();
  static const console::Gate gate(listen, kToken);
  const auto host = console::host_in(header);
  if (host) {
    require(!host->empty());
    require(host->data() >= header.data());
    require(host->data() + host->size() <= header.data() + header.size());
    require(host->find(']') == std::string_view::npos);
    const bool is_v6 = host->find(':') != std::string_view::npos;
    const std::string again = is_v6 ? '[' + std::string(*host) + ']' : std::string(*host);
    for (const char* port : {"", ":", ":9465"}) require(console::host_in(again + port) == *host);
  }
  require(gate.knows_host(header) == (host && is_known(*host, listen)));
  const bool knows = gate.knows_token(header);
  require(!knows || (header.size() == 7 + kToken.size() && header.ends_with(kToken)));
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
