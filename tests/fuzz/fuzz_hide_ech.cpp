// Any answer: without keys it has the same size and the same records, no key for Encrypted
// ClientHello, none that is mandatory, and the same hints; nothing changes in front of the offset
// that is said, and nothing is left to hide.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/craft/hide_ech.h"
#include "tests/fuzz/require.h"

namespace sluice::craft {
namespace {

using fuzz::require;

bool names_ech(Bytes keys) {
  for (std::size_t i = 0; i + 1 < keys.size(); i += 2) {
    if (keys[i] == std::byte{0} && keys[i + 1] == std::byte{5}) return true;
  }
  return false;
}

void compare(Bytes before, const dns::Record& old_record, Bytes after,
             const dns::Record& new_record) {
  require(old_record.type == new_record.type && old_record.data == new_record.data &&
          old_record.size == new_record.size);
  if (!dns::is_service_binding(new_record.type)) return;
  const auto old_binding = dns::read_service_binding(before, old_record);
  const auto new_binding = dns::read_service_binding(after, new_record);
  require(old_binding && new_binding);
  require(new_binding->ech.empty());
  require(old_binding->ech.empty() || !names_ech(new_binding->mandatory));
  require(old_binding->target == new_binding->target);
  require(std::ranges::equal(old_binding->ipv4_hints, new_binding->ipv4_hints));
  require(std::ranges::equal(old_binding->ipv6_hints, new_binding->ipv6_hints));
}

void check(Bytes message) {
  const auto response = std::make_unique<dns::Response>();
  if (!dns::parse_response(message, *response)) return;
  std::vector<std::byte> hidden(message.begin(), message.end());
  const auto from = hide_ech(hidden, *response);
  if (!from) return;
  require(*from <= message.size());
  require(std::ranges::equal(message.first(*from), Bytes(hidden).first(*from)));
  dns::ResponseReader before(message, *response), after(hidden, *response);
  for (std::size_t i = 0; i < response->records; ++i) {
    const auto old_record = before.next(), new_record = after.next();
    require(old_record && new_record);
    compare(message, *old_record, hidden, *new_record);
  }
  const std::vector<std::byte> once = hidden;
  require(hide_ech(hidden, *response) == message.size());
  require(hidden == once);
}

}  // namespace
}  // namespace sluice::craft

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::craft::check(std::as_bytes(std::span(data, size)));
  return 0;
}
