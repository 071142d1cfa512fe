#pragma once

// What the console answers: first whether the request may be answered at all, then the files of
// the page, then what the gateway says of itself.
//
//   Host known? ─► method? ─► file of the page ─► token? ─► Api
//     421            405        200                 401       its reply; none: 404
//
// Threads: answer() from one. Cost: allocates.

#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "gateway/console/exchange.h"
#include "gateway/console/gate.h"

namespace sluice::console {

class Site {
 public:
  // The reply to a path that is no file of the page; nothing: there is no such path.
  using Api = std::function<std::optional<Reply>(const Request&)>;

  Site(const Gate& gate, Api api);

  // What the Api throws becomes an error 500.
  [[nodiscard]] Reply answer(const Request& request) const;

 private:
  [[nodiscard]] Reply ask_api(const Request& request) const;

  Gate gate_;
  Api api_;
  std::map<std::string_view, Reply> files_;  // by path
};

}  // namespace sluice::console
