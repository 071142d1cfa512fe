#include "lists/compile/guard.h"

#include <array>

#include "filters/match/glob.h"
#include "lists/compile/wire_labels.h"

namespace sluice::lists {

std::string Guard::refusal(const Entry& entry, bool forced) const {
  if (match::is_exception(entry.kind)) return {};
  if (const name::Name* critical = critical_.covered_by(entry)) {
    std::array<char, name::kMaxTextOctets> text;
    return "it would block the critical name " + std::string(name::to_text(*critical, text));
  }
  // An exact entry covers only itself; an exact glob covers as many names as others have.
  if (forced || (entry.kind == match::EntryKind::exact && !entry.is_glob)) return {};
  const std::string what = entry.is_glob ? "a glob right below " : "";
  switch (suffixes_.look_up(entry.is_glob ? match::fixed_part(entry.name) : entry.name)) {
    case PublicSuffix::no:
      return {};
    case PublicSuffix::icann:
      return what + "a public suffix: it would cover other people's names (force = true takes it)";
    case PublicSuffix::private_part:
      return what + "a suffix under which others have names (force = true takes it)";
  }
  return {};
}

}  // namespace sluice::lists
