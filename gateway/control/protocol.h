#pragma once

// The language of the control socket: a request is one line of JSON, and so is its reply.
//
//   {"sluice":1,"command":"explain","name":"web.wechat.com","client":"10.1.2.3"}
//   {"sluice":1,"ok":true,"explanation":{"name":"web.wechat.com","verdict":"drop",…}}
//   {"sluice":1,"ok":false,"error":"forbidden","reason":"`reload` is for admins"}
//
// A request is one flat object. What is doubtful is refused with a reason: an unknown key, a key
// that is there twice, one that the command does not take, a value of another type.
// gateway/control/README.md documents every command.
// Pure. Cost: allocates; not for workers.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"

namespace sluice::control {

inline constexpr int kVersion = 1;
inline constexpr std::size_t kMaxRequest = 4096;  // bytes of a line, without its end
inline constexpr std::size_t kMaxReply = 2 << 20;
inline constexpr std::uint32_t kMostFlows = 512;       // `limit` of `flows`
inline constexpr std::uint32_t kMostClients = 4096;    // `limit` of `clients`
inline constexpr std::uint32_t kMostFrames = 100'000;  // `limit` of `capture`
inline constexpr std::uint32_t kMostSeconds = 3600;    // `seconds` of `capture`

enum class Command : std::uint8_t {
  status,
  explain,
  flows,
  clients,
  capture,
  reload,
  rollback,
  log_level
};

// What a peer may do. Each may do what those before it may.
enum class Rights : std::uint8_t { none, read, admin };

struct Request {
  Command command = Command::status;
  std::string name;                           // explain: a name, an address, a URL
  std::optional<IpAddress> client;            // explain
  std::optional<std::uint32_t> limit;         // flows, clients, capture: so many at most
  std::optional<std::uint32_t> seconds = {};  // capture: for so long
  bool next = false;                          // capture: what came since
  bool accept = false;                        // reload: whatever the guard says of it
  std::string source;                         // rollback; empty: the only one
  std::optional<std::uint64_t> to;            // rollback: this version; none: the one before
  bool resume = false;                        // rollback: the newest version again
  std::string level;                          // log-level; empty: only asks
  friend bool operator==(const Request&, const Request&) = default;
};

enum class ErrorCode : std::uint8_t {
  malformed,        // not one flat JSON object; the gateway closes the connection
  too_large,        // the line is too long; it closes the connection
  version,          // of another protocol; it closes the connection
  unknown_command,  //
  bad_argument,     // a key or a value that the command does not take
  forbidden,        // the peer may not do that
  busy,             // too many peers; it closes the connection
  timeout,          // no request came for too long; it closes the connection
  failed,           // it was tried
  internal          // a mistake of ours
};
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;
// Nothing sensible can follow on this connection.
[[nodiscard]] bool ends_connection(ErrorCode code) noexcept;

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string text;  // for people
};

[[nodiscard]] Result<Request, Error> parse_request(std::string_view line);
// What parse_request() reads as the same request. Without the end of the line.
[[nodiscard]] std::string to_line(const Request& request);
[[nodiscard]] std::string_view to_string(Command command) noexcept;
[[nodiscard]] Rights needed_for(const Request& request) noexcept;

// Replies, without the ends of their lines. `body`: an object; its keys follow `ok`.
[[nodiscard]] std::string reply_line(const nlohmann::ordered_json& body);
[[nodiscard]] std::string error_line(const Error& error);
// The object of a reply. Error: that of the reply, or `malformed`: it is none.
[[nodiscard]] Result<nlohmann::ordered_json, Error> parse_reply(std::string_view line);

}  // namespace sluice::control
