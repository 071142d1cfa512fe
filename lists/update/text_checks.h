#pragma once

// What comes in place of a list when a network or a person errs: a captive portal's page, a file
// without content, something that is no text. Pure; looks at the first bytes.

#include <optional>
#include <string_view>

#include "lists/update/refusal.h"

namespace sluice::lists {

// Why this cannot be the text of a list; nothing: it may be one.
[[nodiscard]] std::optional<Refusal> no_list(std::string_view text);

// Whether a media type (`text/html; charset=utf-8`) is that of a page, a picture or a film.
[[nodiscard]] bool is_media_of_pages(std::string_view type) noexcept;

}  // namespace sluice::lists
