#include "gateway/console/exchange.h"

#include <nlohmann/json.hpp>

namespace sluice::console {

std::shared_ptr<const std::string> body_of(const nlohmann::ordered_json& object) {
  using Json = nlohmann::ordered_json;
  std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  text += '\n';
  return std::make_shared<const std::string>(std::move(text));
}

Reply error_reply(unsigned status, std::string_view word, std::string_view reason) {
  return {.status = status, .body = body_of({{"error", word}, {"reason", reason}})};
}

}  // namespace sluice::console
