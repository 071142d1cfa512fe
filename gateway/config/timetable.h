#pragma once

// What of the settings the clock changes: policies with hours, lists with a validity, and
// exceptions.
//
// Pure functions. Cost: allocate; not for workers.

#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config.h"

namespace sluice::config {

[[nodiscard]] bool is_in_force(const PolicySpec& policy, schedule::Time now);
[[nodiscard]] bool is_in_force(const Validity& validity, schedule::Time now);
[[nodiscard]] bool is_in_force(const ExceptionSpec& exception, schedule::Time now);
// For people: `Ms Weber: press monitoring`.
[[nodiscard]] std::string name_of(const ExceptionSpec& exception);

struct Timed {
  std::string kind;  // `policy`, `list`, `exception`
  std::string name;
  bool in_force = true;
  friend bool operator==(const Timed&, const Timed&) = default;
};
// In the order of the configuration.
[[nodiscard]] std::vector<Timed> timed(const LiveSettings& live, schedule::Time now);
// When the first of them changes; nothing: none does, for two weeks at least.
[[nodiscard]] std::optional<schedule::Time> next_change(const LiveSettings& live,
                                                        schedule::Time after);

}  // namespace sluice::config
