#include "filters/match/pseudo_name.h"

#include <algorithm>
#include <string>

#include "filters/base/byte_reader.h"

namespace sluice::match {
namespace {

constexpr std::string_view kAddressLabel = "_address";
constexpr std::string_view kSignatureLabel = "_signature";

name::Name two_labels(std::string_view first, std::string_view second) noexcept {
  name::Name::Builder builder;
  static_cast<void>(builder.add(as_bytes(first)));
  static_cast<void>(builder.add(as_bytes(second)));
  return builder.finish();
}

}  // namespace

bool is_signature(std::string_view text) noexcept {
  return std::ranges::find(kSignatures, text) != kSignatures.end();
}

name::Name address_name(const IpPrefix& prefix) {
  return two_labels(prefix.to_string(), kAddressLabel);
}

name::Name signature_name(std::string_view signature) noexcept {
  return two_labels(signature, kSignatureLabel);
}

std::optional<PseudoText> read_pseudo_name(Bytes wire) noexcept {
  ByteReader reader(wire);
  const std::string_view text = as_text(reader.take(reader.u8()));
  const std::string_view kind = as_text(reader.take(reader.u8()));
  const bool whole = reader.u8() == 0 && reader.ok() && reader.remaining() == 0;
  if (!whole) return std::nullopt;
  if (kind == kAddressLabel && IpPrefix::parse(text)) return PseudoText{{}, text};
  if (kind == kSignatureLabel && is_signature(text)) return PseudoText{kSignatureMark, text};
  return std::nullopt;
}

// Asked of each rule of a set when it is opened, and few are: so their end is looked at first.
std::optional<IpPrefix> prefix_of(Bytes wire) noexcept {
  using namespace std::string_view_literals;
  constexpr std::string_view kEnd = "\x08_address\0"sv;  // with the root
  static_assert(kEnd.size() == kAddressLabel.size() + 2);
  if (!as_text(wire).ends_with(kEnd)) return std::nullopt;
  const auto pseudo = read_pseudo_name(wire);
  if (!pseudo || !pseudo->mark.empty()) return std::nullopt;
  return IpPrefix::parse(pseudo->text);
}

}  // namespace sluice::match
