#pragma once

// What `lists verify` prints of a bundle whose signature is right. Allocates.

#include <optional>
#include <string>
#include <string_view>

#include "lists/bundle/bundle.h"

namespace sluice::cli {

[[nodiscard]] std::string bundle_text(std::string_view file, const lists::Bundle& bundle);

// `bundle` is null if it is not to be believed; `refusal` is null if it may be taken.
[[nodiscard]] std::string bundle_json(std::string_view file, const lists::Bundle* bundle,
                                      const lists::Refusal* refusal);

}  // namespace sluice::cli
