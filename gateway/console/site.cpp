#include "gateway/console/site.h"

#include <exception>
#include <utility>

#include "gateway/console/assets.h"

namespace sluice::console {

Site::Site(const Gate& gate, Api api) : gate_(gate), api_(std::move(api)) {
  for (const Asset& file : assets()) {
    files_[file.path] = {.type = file.type,
                         .body = std::make_shared<const std::string>(file.bytes)};
  }
}

Reply Site::answer(const Request& request) const {
  if (!gate_.knows_host(request.host)) {
    return error_reply(421, "host",
                       "ask for localhost, a loopback address or the address of [console] listen");
  }
  if (!request.is_read) {
    return error_reply(405, "method", "the console only shows: GET and HEAD");
  }
  if (!request.is_clear) return error_reply(400, "bad_argument", "something is there twice");
  if (const auto file = files_.find(request.path); file != files_.end()) return file->second;
  if (!gate_.knows_token(request.authorization)) {
    return error_reply(401, "token", "the token of [console] token_file is needed");
  }
  return ask_api(request);
}

Reply Site::ask_api(const Request& request) const {
  try {
    if (auto reply = api_(request)) return std::move(*reply);
  } catch (const std::exception&) {
    return error_reply(500, "internal", "a mistake of ours");
  }
  return error_reply(404, "not_found", "there is nothing here");
}

}  // namespace sluice::console
