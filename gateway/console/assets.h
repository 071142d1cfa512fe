#pragma once

// The files of the page, as the program holds them: made by the build from the folder `page`.
//
// They are the same for everybody and say nothing of a gateway, so they need no token.

#include <span>
#include <string_view>

namespace sluice::console {

struct Asset {
  std::string_view path;  // `/console.js`
  std::string_view type;  // `text/javascript; charset=utf-8`
  std::string_view bytes;
};

[[nodiscard]] std::span<const Asset> assets() noexcept;

}  // namespace sluice::console
