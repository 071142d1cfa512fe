#include "gateway/suggest/suggestion_list.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "filters/name/name.h"
#include "lists/bundle/manifest.h"
#include "lists/format/write.h"

namespace sluice::suggest {
namespace {

constexpr std::array<std::string_view, kEvidence.size()> kSaid = {
    "answers for banned names lead to it", "of its answers lead to banned names",
    "of its answers lead to addresses of the app", "hellos at addresses of the app",
    "answers for banned names to the gateway lead to it"};

std::string day(std::chrono::sys_seconds time) {
  constexpr std::size_t kDay = 10;
  return lists::time_text(time).substr(0, kDay);
}

std::string entry_text(const std::string& name) {
  const auto parsed = name::Name::from_text(name);
  if (!parsed) return {};
  std::string text;
  lists::ListWriter writer(lists::Format::domains, text);
  writer.take({.line = 1, .name = parsed->wire()});
  writer.finish();
  return text;
}

}  // namespace

std::string evidence_text(const Candidate& candidate) {
  std::string text;
  for (std::size_t i = 0; i < kEvidence.size(); ++i) {
    if (candidate.evidence[i] == 0) continue;
    text.append(text.empty() ? "" : ", ").append(std::to_string(candidate.evidence[i]));
    text.append(" ").append(kSaid[i]);
  }
  text += candidate.clients == 0 ? "; no client"
                                 : "; about " + std::to_string(candidate.clients) +
                                       (candidate.clients == 1 ? " client" : " clients");
  return text + "; " + day(candidate.first) + " to " + day(candidate.last);
}

std::string list_text(const std::vector<Reviewed>& candidates, const std::string& source) {
  std::string from = source;  // a path, which may hold any byte
  std::ranges::replace_if(from, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  std::string text =
      "# Candidates of `sluice lists suggest`, from " + from +
      ".\n# Nothing of this is banned yet. Look at each name and all below it, take away what is "
      "not "
      "the app's,\n# lint, sign and publish. Names behind a # have something against them.\n";
  for (const Reviewed& it : candidates) {
    text += "\n# " + evidence_text(it.candidate) + '\n';
    for (const Mark& mark : it.marks) {
      text.append("# ").append(mark.code).append(": ").append(mark.text) += '\n';
    }
    text += (it.marks.empty() ? "" : "# ") + entry_text(it.candidate.name);
  }
  return text;
}

}  // namespace sluice::suggest
