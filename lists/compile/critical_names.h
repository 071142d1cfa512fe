#pragma once

// The names that may never be blocked, whatever a list says: the operator's own, a bank's, the
// resolver's. Const after construction: any number of threads may ask.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filters/base/result.h"
#include "filters/name/name.h"
#include "lists/format/entry.h"

namespace sluice::lists {

class CriticalNames {
 public:
  static constexpr std::size_t kMost = 100'000;

  CriticalNames() = default;
  // A name a line, in the format `domains` without marks or globs. A bad line is an error: without
  // it the guard would have a hole.
  [[nodiscard]] static Result<CriticalNames, std::string> read(std::string_view text);

  // The first critical name that the entry covers, whatever its action; nullptr: none.
  [[nodiscard]] const name::Name* covered_by(const Entry& entry) const;
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

 private:
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the name of std
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  void add(const name::Name& name);

  std::vector<name::Name> names_;
  // From each shorter suffix of a name to the first name below it; from each name to itself.
  using Index = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;
  Index below_, self_;
};

}  // namespace sluice::lists
