#include "lists/compile/critical_names.h"

#include <algorithm>

#include "filters/match/glob.h"
#include "lists/compile/wire_labels.h"
#include "lists/format/format.h"

namespace sluice::lists {
namespace {

bool glob_covers(const Entry& glob, const name::Name& name) {
  const std::size_t labels = count_labels(glob.name);
  if (labels > name.label_count() ||
      (glob.scope == Scope::itself && labels != name.label_count())) {
    return false;
  }
  Bytes rest = name.suffix(labels);
  for (Bytes pattern = glob.name; !is_root(pattern); pattern = behind_first_label(pattern)) {
    if (!match::glob_matches(as_text(first_label(pattern)), as_text(first_label(rest)))) {
      return false;
    }
    rest = behind_first_label(rest);
  }
  return true;
}

}  // namespace

Result<CriticalNames, std::string> CriticalNames::read(std::string_view text) {
  CriticalNames critical;
  std::string problem;
  const auto refuse = [&](std::uint32_t line, const std::string& reason) {
    if (problem.empty()) problem = "line " + std::to_string(line) + ": " + reason;
  };
  const auto take = [&](const Entry& entry) {
    if (entry.kind != Kind::name || entry.action != Action::block ||
        entry.scope != Scope::subtree) {
      refuse(entry.line, "a critical name takes no marks and no stars");
    } else if (critical.names_.size() == kMost) {
      refuse(entry.line, "more than " + std::to_string(kMost) + " critical names");
    } else {
      critical.add(*name::Name::from_wire(entry.name));
    }
  };
  parse_domains({text}, {take, [&](const LineError& error) { refuse(error.line, error.reason); },
                         [](const LineWarning&) {}});
  if (!problem.empty()) return fail(std::move(problem));
  return critical;
}

void CriticalNames::add(const name::Name& name) {
  const auto index = static_cast<std::uint32_t>(names_.size());
  self_.try_emplace(std::string(as_text(name.wire())), index);
  for (std::size_t labels = 1; labels < name.label_count(); ++labels) {
    below_.try_emplace(std::string(as_text(name.suffix(labels))), index);
  }
  names_.push_back(name);
}

const name::Name* CriticalNames::covered_by(const Entry& entry) const {
  if (names_.empty() || entry.kind == Kind::addresses) return nullptr;
  const auto in = [&](const Index& index, Bytes name) {
    const auto found = index.find(as_text(name));
    return found == index.end() ? names_.size() : std::size_t{found->second};
  };
  if (entry.kind == Kind::name) {
    const std::size_t first =
        std::min(entry.scope == Scope::below ? names_.size() : in(self_, entry.name),
                 entry.scope == Scope::itself ? names_.size() : in(below_, entry.name));
    return first == names_.size() ? nullptr : &names_[first];
  }
  // A glob has at least one label in front of its fixed part.
  if (in(below_, match::fixed_part(entry.name)) == names_.size()) return nullptr;
  const auto found = std::ranges::find_if(
      names_, [&](const name::Name& name) { return glob_covers(entry, name); });
  return found == names_.end() ? nullptr : &*found;
}

}  // namespace sluice::lists
