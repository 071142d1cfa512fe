#include "filters/base/ip_address.h"
#include "filters/match/pseudo_name.h"
#include "lists/format/format.h"
#include "lists/format/line.h"

namespace sluice::lists {
namespace {

std::string known_signatures() {
  std::string all;
  for (const std::string_view signature : match::kSignatures) {
    all += (all.empty() ? "" : ", ") + std::string(signature);
  }
  return all;
}

std::string refusal_of_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return "no IP address, prefix (203.0.113.0/24, 2001:db8::/32) or signature (signature:mmtls)";
  }
  // With its length alone wrong it would be refused for the first address as well.
  const std::string_view length = text.substr(slash);
  const std::string first = (address->is_v4() ? "0.0.0.0" : "::") + std::string(length);
  return IpPrefix::parse(first) ? "bits are set below the prefix length" : "a bad prefix length";
}

Result<name::Name, std::string> read_endpoint(std::string_view text) {
  if (take_prefix(text, match::kSignatureMark)) {
    if (match::is_signature(text)) return match::signature_name(text);
    return fail("no such signature: there are " + known_signatures());
  }
  if (const auto prefix = IpPrefix::parse(text)) return match::address_name(*prefix);
  return fail(refusal_of_address(text));
}

}  // namespace

void parse_endpoints(ListText text, const Sink& sink) {
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const bool exception = take_prefix(rest, "@@");
    const auto kind = exception ? match::EntryKind::exact_exception : match::EntryKind::exact;
    if (const auto name = read_endpoint(rest)) {
      sink.entry({.name = name->wire(), .kind = kind, .line = number});
    } else {
      sink.error(line_error(number, line, name.error()));
    }
  });
}

}  // namespace sluice::lists
