#pragma once

// From a builder to an image, on several threads, under a seed that works. Private to
// lists/compile.

#include <string_view>

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/compile.h"

namespace sluice::lists {

[[nodiscard]] CompileError build_failure(std::string_view source, match::BuildError error);

// From the kernel.
[[nodiscard]] Result<HashKey, CompileError> draw_seed();

// Draws other seeds where the builder's own gives no table.
[[nodiscard]] Result<match::Built, CompileError> build_image(match::DomainSetBuilder& builder,
                                                             unsigned threads);

}  // namespace sluice::lists
