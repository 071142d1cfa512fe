#pragma once

// Internationalised names: U-labels to A-labels (UTS 46 non-transitional, IDNA2008; RFC 5891), and
// what makes A-labels doubtful. Private to lists/format. Allocates; only names that are not ASCII,
// or have A-labels, come here.

#include <string>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::lists {

// A name in UTF-8 with its U-labels as A-labels; what is ASCII stays, but for its case. Code points
// that are disallowed, unassigned or invisible are refused with the reason.
[[nodiscard]] Result<std::string, std::string> to_a_labels(std::string_view name);

// Why an operator should look at the A-labels of a name (wire form): one does not decode to what
// IDNA2008 allows, or mixes scripts beyond "highly restrictive" (UTS 39 section 5.2). Empty: no
// cause. Such names may well be registered, and be worth a ban: they are taken all the same.
[[nodiscard]] std::string doubt_of_a_labels(Bytes wire);

}  // namespace sluice::lists
