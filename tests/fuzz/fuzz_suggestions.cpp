// Any bytes as a file of suggestions: refused with a reason that can be printed, or candidates that
// are plain, and that are written and read as what they are.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "filters/base/bytes.h"
#include "gateway/suggest/suggestion_file.h"
#include "gateway/suggest/suggestion_list.h"
#include "lists/format/format.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

// As a list, each candidate is one entry.
void check_list(const suggest::Candidate& candidate) {
  const std::string text = suggest::list_text({{candidate, {}}}, "file");
  std::size_t entries = 0;
  const auto count = [&](const lists::Entry&) { ++entries; };
  const auto refuse = [](const lists::LineError&) { require(false); };
  const auto warn = [](const lists::LineError&) {};
  lists::parse_domains({text}, {count, refuse, warn});
  require(entries == 1);
}

void check(std::string_view text) {
  const auto parsed = suggest::parse_suggestions(text);
  if (!parsed) {
    require(!parsed.error().empty());
    require(std::ranges::none_of(parsed.error(), [](char c) { return c >= 0 && c < ' '; }));
    return;
  }
  for (const suggest::Candidate& candidate : parsed->candidates) {
    require(candidate.first <= candidate.last);
    check_list(candidate);
  }
  // Minutes are cut off.
  const std::string written = suggest::suggestions_text(*parsed);
  const auto again = suggest::parse_suggestions(written);
  require(again && again->candidates.size() == parsed->candidates.size());
  require(suggest::suggestions_text(*again) == written);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
