// Any answer of the kernel: attributes lie in it, do not overlap and come to an end; a link or
// features that are read of an answer are read of it again.

#include <cstdint>
#include <span>

#include "gateway/dataplane/interfaces/link.h"
#include "gateway/dataplane/interfaces/netlink.h"
#include "tests/fuzz/require.h"

namespace sluice::io {
namespace {

using fuzz::lies_in;
using fuzz::require;

void check(Bytes answer) {
  constexpr std::size_t kHeader = 4;
  AttributeReader reader(answer);
  std::size_t taken = 0;
  const std::byte* end = answer.data();
  while (const auto attribute = reader.next()) {
    require(lies_in(attribute->value, answer));
    require(attribute->value.data() >= end + kHeader);
    end = attribute->value.data() + attribute->value.size();
    taken += kHeader + attribute->value.size();
    require(taken <= answer.size());
    require(read_text(attribute->value).size() <= attribute->value.size());
  }
  require(!reader.next());

  const auto link = parse_link(answer);
  const auto again = parse_link(answer);
  require(link.has_value() == again.has_value());
  if (link) {
    require(link->mtu == again->mtu && link->kind == again->kind);
    require(link->programs.size() == again->programs.size());
    require(link->programs.size() <= answer.size() / kHeader);
  }
  require(parse_xdp_features(answer).has_value() == parse_xdp_features(answer).has_value());
}

}  // namespace
}  // namespace sluice::io

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::io::check(std::as_bytes(std::span(data, size)));
  return 0;
}
