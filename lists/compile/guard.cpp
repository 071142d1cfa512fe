#include "lists/compile/guard.h"

#include <array>

#include "filters/match/glob.h"
#include "lists/compile/wire_labels.h"

namespace sluice::lists {
namespace {

constexpr unsigned kMappedBits = 96;  // IpPrefix::length counts them before those of IPv4

bool overlap(const IpPrefix& a, const IpPrefix& b) {
  return a.contains(b.address()) || b.contains(a.address());
}

}  // namespace

Guard::Guard(CriticalNames critical) : critical_(std::move(critical)) {}

EntryRefusal Guard::refusal(const IpPrefix& prefix, bool forced) const {
  for (const IpPrefix& reserved : reserved_prefixes()) {
    if (overlap(prefix, reserved)) {
      return {"it holds addresses that are not on the internet: " + reserved.to_string(),
              "private-address"};
    }
  }
  const bool v4 = prefix.address().is_v4();
  const unsigned bits = v4 ? prefix.length() - kMappedBits : prefix.length();
  const unsigned least = v4 ? kLeastV4Bits : kLeastV6Bits;
  if (forced || bits >= least) return {};
  return {"a prefix shorter than /" + std::to_string(least) +
              ": it would cover other people's addresses (force = true takes it)",
          "short-prefix"};
}

EntryRefusal Guard::refusal(const Entry& entry, bool forced) const {
  if (entry.action != Action::block) return {};
  if (entry.kind == Kind::addresses) return refusal(entry.range, forced);
  if (const name::Name* critical = critical_.covered_by(entry)) {
    std::array<char, name::kMaxTextBytes> text;
    return {"it would block the critical name " + std::string(name::to_text(*critical, text)),
            "critical-name"};
  }
  // An exact name covers only itself; an exact glob may cover the names of many owners.
  const bool is_glob = entry.kind == Kind::glob;
  if (forced || (entry.scope == Scope::itself && !is_glob)) return {};
  const std::string what = is_glob ? "a glob right below " : "";
  switch (suffixes_.look_up(is_glob ? match::fixed_part(entry.name) : entry.name)) {
    case PublicSuffix::no:
      return {};
    case PublicSuffix::icann:
      return {what + "a public suffix: it would cover other people's names (force = true takes it)",
              "public-suffix"};
    case PublicSuffix::private_part:
      return {what + "a suffix under which others have names (force = true takes it)",
              "public-suffix"};
  }
  return {};
}

}  // namespace sluice::lists
