#pragma once

// Tells the format of a text by its first lines. Pure; no I/O.

#include <string>
#include <string_view>

#include "filters/base/result.h"
#include "lists/format/format.h"

namespace sluice::lists {

// Looks at the first 1,000 lines with text, in at most 256 KiB. A format is found if it reads at
// least nine in ten of those that any format reads, more than every other does, and some in a way
// of its own. Lines of bare names alone are `domains`, of addresses and names `hosts`; a text of
// which no format reads a line is `domains`.
// Error: which formats fit and how well, and what to do.
[[nodiscard]] Result<Format, std::string> detect_format(std::string_view text);

}  // namespace sluice::lists
