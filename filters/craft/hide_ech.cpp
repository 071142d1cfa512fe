#include "filters/craft/hide_ech.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::craft {
namespace {

constexpr std::uint16_t kPrivateKey = 65534;
constexpr std::size_t kParamHead = 4;  // key and length

// The last of these parameters leaves room for the key behind it.
bool ends_below_private_key(Bytes params) noexcept {
  ByteReader reader(params);
  std::uint16_t key = 0;
  while (reader.remaining() > 0) {
    key = reader.u16();
    reader.skip(reader.u16());
  }
  return reader.ok() && key < kPrivateKey;
}

void put_u16(MutableBytes at, std::uint16_t value) noexcept {
  at[0] = static_cast<std::byte>(value >> 8);
  at[1] = static_cast<std::byte>(value & 0xff);
}

// `params`: from the `ech` parameter to the end of RDATA.
bool hide(MutableBytes params, std::size_t ech) noexcept {
  if (!ends_below_private_key(params.subspan(ech))) return false;
  std::ranges::rotate(params, params.begin() + static_cast<std::ptrdiff_t>(ech));
  const MutableBytes hidden = params.last(ech);
  put_u16(hidden, kPrivateKey);
  std::ranges::fill(hidden.subspan(kParamHead), std::byte{0});
  return true;
}

}  // namespace

bool hide_ech(MutableBytes message, const dns::Response& response) noexcept {
  dns::ResponseReader records(message, response);
  while (const auto record = records.next()) {
    if (!dns::is_service_binding(record->type)) continue;
    const auto binding = dns::read_service_binding(message, *record);
    if (!binding) return false;
    if (binding->ech.empty()) continue;
    const std::size_t end = record->data + record->size;
    const MutableBytes params = message.subspan(binding->ech_at, end - binding->ech_at);
    if (!hide(params, binding->ech.size())) return false;
  }
  return true;
}

}  // namespace sluice::craft
