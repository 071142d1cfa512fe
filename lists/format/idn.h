#pragma once

// Internationalised names: U-labels to A-labels (UTS 46 non-transitional, IDNA2008; RFC 5891), and
// doubtful A-labels. Private to lists/format. Allocates; called only for names that are not ASCII
// or have A-labels.

#include <string>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::lists {

// Converts the U-labels of a name in UTF-8 to A-labels, and folds ASCII letters. Refuses code
// points that are disallowed, unassigned or invisible, with the reason.
[[nodiscard]] Result<std::string, std::string> to_a_labels(std::string_view name);

// Why an operator should look at the A-labels of a name (wire form): one does not decode to what
// IDNA2008 allows, or mixes scripts beyond "highly restrictive" (UTS 39 section 5.2). Empty: all is
// well. Such names are taken all the same, because they can be registered.
[[nodiscard]] std::string doubt_of_a_labels(Bytes wire);

}  // namespace sluice::lists
