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
    return "not an IP address, a prefix (203.0.113.0/24, 2001:db8::/32) or a signature "
           "(signature:mmtls)";
  }
  // A wrong length is wrong for the first address of all, too.
  const std::string_view length = text.substr(slash);
  const std::string first = (address->is_v4() ? "0.0.0.0" : "::") + std::string(length);
  return IpPrefix::parse(first) ? "bits are set behind the prefix length"
                                : "the prefix length is wrong";
}

}  // namespace

void parse_endpoints(TextPart text, const Sink& sink) {
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const Action action = take_prefix(rest, "@@") ? Action::allow : Action::block;
    Entry entry{.action = action, .scope = Scope::itself, .line = number};
    if (take_prefix(rest, match::kSignatureMark)) {
      if (!match::is_signature(rest)) {
        sink.error(line_error(number, line, "unknown signature; known are " + known_signatures()));
        return;
      }
      const name::Name name = match::signature_name(rest);
      entry.name = name.wire();
      sink.entry(entry);
    } else if (const auto range = IpPrefix::parse(rest)) {
      entry.kind = Kind::addresses;
      entry.range = *range;
      sink.entry(entry);
    } else {
      sink.error(line_error(number, line, refusal_of_address(rest)));
    }
  });
}

}  // namespace sluice::lists
