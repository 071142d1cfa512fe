#include "gateway/suggest/review.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "filters/name/name.h"
#include "lists/format/format.h"

namespace sluice::suggest {
namespace {

bool has_enough(const Candidate& candidate, const ReviewOptions& options) {
  if (candidate.count() < options.least_count) return false;
  return candidate.clients >= options.least_clients ||
         candidate.evidence[kResolved] >= std::max<std::uint64_t>(options.least_count, 1);
}

auto rank(const Candidate& candidate) {
  return std::tuple(~candidate.clients, ~candidate.count(), std::string_view(candidate.name),
                    std::string_view(candidate.app));
}

using AppsByName = std::map<std::string_view, std::vector<std::string_view>>;

void mark_apps(const AppsByName& apps, Reviewed& it) {
  std::string others;
  for (const std::string_view app : apps.at(it.candidate.name)) {
    if (app != it.candidate.app) others.append(others.empty() ? "" : ", ").append(app);
  }
  if (!others.empty()) it.marks.push_back({"several-apps", "also tied to " + others});
}

void mark_guarded(const lists::Guard& guard, Reviewed& it) {
  const auto name = name::Name::from_text(it.candidate.name);
  if (!name) return;
  auto refusal = guard.refusal(lists::Entry{.name = name->wire()}, false);
  if (!refusal.reason.empty()) it.marks.push_back({refusal.code, std::move(refusal.reason)});
}

// The first popular name that each candidate covers.
void mark_popular(std::string_view popular, std::vector<Reviewed>& shown) {
  std::map<std::string, std::string, std::less<>> covered;  // by the wire form of candidates
  for (const Reviewed& it : shown) {
    const auto name = name::Name::from_text(it.candidate.name);
    if (name) covered.emplace(as_text(name->wire()), "");
  }
  const auto take = [&](const lists::Entry& entry) {
    const auto name = name::Name::from_wire(entry.name);
    for (std::size_t labels = 1; name && labels <= name->label_count(); ++labels) {
      const auto found = covered.find(as_text(name->suffix(labels)));
      if (found == covered.end() || !found->second.empty()) continue;
      std::array<char, name::kMaxTextBytes> text;
      found->second = name::to_text(*name, text);
    }
  };
  const auto skip = [](const lists::LineError&) {};
  lists::parse_domains({popular}, {take, skip, skip});
  for (Reviewed& it : shown) {
    const auto name = name::Name::from_text(it.candidate.name);
    const auto found = name ? covered.find(as_text(name->wire())) : covered.end();
    if (found == covered.end() || found->second.empty()) continue;
    it.marks.push_back({"popular-name", "it would block the popular name " + found->second});
  }
}

}  // namespace

Review review(const std::vector<Candidate>& candidates, const ReviewOptions& options,
              const lists::Guard& guard, std::string_view popular) {
  AppsByName apps;
  for (const Candidate& candidate : candidates) apps[candidate.name].push_back(candidate.app);
  Review review;
  for (const Candidate& candidate : candidates) {
    if (!options.app.empty() && candidate.app != options.app) continue;
    if (!has_enough(candidate, options)) {
      ++review.below;
      continue;
    }
    review.shown.push_back({candidate, {}});
  }
  std::ranges::sort(review.shown, [](const Reviewed& a, const Reviewed& b) {
    return rank(a.candidate) < rank(b.candidate);
  });
  for (Reviewed& it : review.shown) {
    mark_guarded(guard, it);
    mark_apps(apps, it);
    if (it.candidate.shared > 0) {
      it.marks.push_back({"shared", "seen " + std::to_string(it.candidate.shared) +
                                        " times where names that are not banned lead"});
    }
  }
  mark_popular(popular, review.shown);
  return review;
}

}  // namespace sluice::suggest
