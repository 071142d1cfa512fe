#include "filters/match/pseudo_name.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::match {
namespace {

constexpr std::string_view kSignatureLabel = "_signature";

}  // namespace

bool is_signature(std::string_view text) noexcept {
  return std::ranges::find(kSignatures, text) != kSignatures.end();
}

name::Name signature_name(std::string_view signature) noexcept {
  name::Name name;
  static_cast<void>(name.append(as_bytes(signature)));
  static_cast<void>(name.append(as_bytes(kSignatureLabel)));
  return name;
}

std::optional<std::string_view> signature_of(Bytes wire) noexcept {
  ByteReader reader(wire);
  const std::string_view signature = as_text(reader.take(reader.u8()));
  const std::string_view label = as_text(reader.take(reader.u8()));
  const bool ends = reader.u8() == 0 && reader.ok() && reader.remaining() == 0;
  if (!ends || label != kSignatureLabel || !is_signature(signature)) return std::nullopt;
  return signature;
}

}  // namespace sluice::match
