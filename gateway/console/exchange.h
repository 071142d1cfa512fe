#pragma once

// What the console's server hands to the one who answers, and what comes back: values.
//
// All texts of a request are a peer's, and untrusted. Cost: allocates.

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sluice::console {

struct Request {
  std::string path;                              // decoded
  std::string host;                              // the Host header; empty: none
  std::string authorization;                     // the Authorization header; empty: none
  std::map<std::string, std::string> arguments;  // of the query, decoded
  bool is_read = true;                           // GET or HEAD
  bool is_clear = true;                          // no argument and no header above comes twice
};

// A body may be shared by many replies.
struct Reply {
  unsigned status = 200;
  std::string_view type = "application/json";  // static storage
  std::shared_ptr<const std::string> body;     // not null
};

// Invalid UTF-8 in texts becomes U+FFFD.
[[nodiscard]] std::shared_ptr<const std::string> body_of(const nlohmann::ordered_json& object);
// {"error":WORD,"reason":TEXT}
[[nodiscard]] Reply error_reply(unsigned status, std::string_view word, std::string_view reason);

}  // namespace sluice::console
