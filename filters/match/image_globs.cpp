// The globs of an image: which are left out, so that a lookup is bounded.

#include <algorithm>
#include <tuple>

#include "filters/match/glob_keys.h"
#include "filters/match/image_writer.h"

namespace sluice::match {

// Leaves out what is over the bound of a lookup, and notes names with many globs below them.
void ImageWriter::thin_globs(Part& part) const {
  std::vector<bool> left_out(part.rules.size());
  for (std::size_t i = 0; i < part.rules.size();) {
    const std::size_t first = i;
    while (i < part.rules.size() && part.rules[i].is_glob && !part.rules[i].ends_name) ++i;
    // The last rule of a name: the globs before it, and it, are of one name.
    const std::size_t end = i + (i < part.rules.size() && part.rules[i].is_glob ? 1 : 0);
    if (end - first > kMostMet) {
      for (const std::size_t index : note_globs(part, part.rules.subspan(first, end - first))) {
        left_out[first + index] = true;
      }
    }
    i = std::max(end, first + 1);
  }
  if (part.crowded.empty()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < part.rules.size(); ++i) {
    if (left_out[i]) {
      // Some globs of each name are kept, and they come before.
      part.rules[kept - 1].ends_name |= part.rules[i].ends_name;
    } else {
      part.rules[kept++] = part.rules[i];
    }
  }
  part.rules = part.rules.first(kept);
}

// Of the globs below one name: those left out, by index.
std::vector<std::size_t> ImageWriter::note_globs(Part& part, std::span<const Hashed> globs) const {
  if (globs.size() > Built::kManyGlobs) {
    const Entry& first = entry(*std::ranges::min_element(globs, {}, [&](const Hashed& glob) {
      return std::tuple(entry(glob).list.index, entry(glob).line);
    }));
    part.many_globs.push_back(
        {*name::Name::from_wire(key_of(first)), globs.size(), first.list, first.line});
  }
  std::vector<Bytes> patterns;
  for (const Hashed& glob : globs) patterns.push_back(name_of(entry(glob)));
  std::vector<std::size_t> left_out = crowded(glob_keys(patterns));
  for (const std::size_t index : left_out) part.crowded.push_back(globs[index].entry);
  return left_out;
}

void ImageWriter::report_globs(Built& built) const {
  for (const Part& part : parts_) {
    for (const std::uint32_t index : part.crowded) {
      const Entry& from = builder_.entries_[index];
      built.crowded.push_back({from.list, from.line, *name::Name::from_wire(name_of(from))});
    }
    built.many_globs.insert(built.many_globs.end(), part.many_globs.begin(), part.many_globs.end());
  }
  std::ranges::sort(built.crowded, {},
                    [](const CrowdedGlob& it) { return std::tuple(it.list.index, it.line); });
}

}  // namespace sluice::match
