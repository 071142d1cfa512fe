#pragma once

// What `sluice lists suggest` prints. Allocates.

#include <string>

#include "gateway/suggest/review.h"

namespace sluice::cli {

// Two lines a name and one for each mark, and a summary.
[[nodiscard]] std::string suggestions_report(const suggest::Review& review,
                                             const suggest::ReviewOptions& options);
// An object a line: that of the file, and `marks`, each with code and text.
[[nodiscard]] std::string suggestions_json(const suggest::Review& review);

}  // namespace sluice::cli
