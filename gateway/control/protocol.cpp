#include "gateway/control/protocol.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::control {
namespace {

using Json = nlohmann::ordered_json;
using Value = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string>;
using Field = std::pair<std::string, Value>;

// The keys of requests, as bits.
enum Key : std::uint16_t {
  kName = 1U << 0,
  kClient = 1U << 1,
  kLimit = 1U << 2,
  kAccept = 1U << 3,
  kSource = 1U << 4,
  kTo = 1U << 5,
  kResume = 1U << 6,
  kLevel = 1U << 7,
  kSeconds = 1U << 8,
  kNext = 1U << 9
};

struct CommandRow {
  Command command;
  std::string_view word;
  Rights rights;
  unsigned keys;      // that it takes
  unsigned required;  // that it needs
  std::uint32_t most = 0;
};

constexpr std::array kCommands = {
    CommandRow{Command::status, "status", Rights::read, 0, 0},
    CommandRow{Command::explain, "explain", Rights::read, kName | kClient, kName},
    CommandRow{Command::flows, "flows", Rights::read, kLimit, 0, kMostFlows},
    CommandRow{Command::clients, "clients", Rights::read, kLimit, 0, kMostClients},
    CommandRow{Command::capture, "capture", Rights::admin, kLimit | kSeconds | kNext, 0,
               kMostFrames},
    CommandRow{Command::reload, "reload", Rights::admin, kAccept, 0},
    CommandRow{Command::rollback, "rollback", Rights::admin, kSource | kTo | kResume, 0},
    CommandRow{Command::log_level, "log-level", Rights::read, kLevel, 0}};

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};

const CommandRow& row_of(Command command) noexcept {
  return *std::ranges::find(kCommands, command, &CommandRow::command);
}

// The fields of one flat object. Keeps no more than a line may hold.
class FlatObject final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }
  bool start_object(std::size_t) override {
    if (inside_) return refuse("no value may be an object");
    inside_ = true;
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override {
    return refuse(inside_ ? "no value may be a list" : "a request is an object");
  }
  bool end_array() override { return true; }
  bool key(string_t& key) override {
    if (std::ranges::find(fields_, key, &Field::first) != fields_.end()) {
      return refuse("a key is there twice");
    }
    fields_.emplace_back(std::move(key), nullptr);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    if (problem_.empty()) problem_ = "not JSON, at byte " + std::to_string(position);
    return false;
  }

  [[nodiscard]] std::vector<Field>& fields() noexcept { return fields_; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  bool add(Value value) {
    if (!inside_) return refuse("a request is an object");
    fields_.back().second = std::move(value);
    return true;
  }
  bool refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  bool inside_ = false;
  std::vector<Field> fields_;
  std::string problem_;
};

std::unexpected<Error> bad(std::string text) {
  return fail(Error{ErrorCode::bad_argument, std::move(text)});
}

// For messages: what the peer wrote, cut and without signs that a terminal would obey.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 64;
  std::string line = "\"";
  for (const char c : text.substr(0, kMost)) line += c >= ' ' && c <= '~' ? c : '?';
  return line + (text.size() > kMost ? "…\"" : "\"");
}

Result<std::string, Error> text_of(const Field& field) {
  if (const auto* text = std::get_if<std::string>(&field.second)) return *text;
  return bad(shown(field.first) + " is not a text");
}

Result<bool, Error> flag_of(const Field& field) {
  if (const auto* flag = std::get_if<bool>(&field.second)) return *flag;
  return bad(shown(field.first) + " is neither true nor false");
}

Result<std::uint64_t, Error> number_of(const Field& field, std::uint64_t least,
                                       std::uint64_t most) {
  const auto* number = std::get_if<std::uint64_t>(&field.second);
  if (number != nullptr && *number >= least && *number <= most) return *number;
  return bad(shown(field.first) + " is not a number from " + std::to_string(least) + " to " +
             std::to_string(most));
}

// Puts `from`, if it is a value, into `to`. Error: that of `from`.
template <typename From, typename To>
Result<unsigned, Error> put(Result<From, Error> from, To& to, Key key) {
  if (!from) return fail(std::move(from.error()));
  to = static_cast<To>(std::move(*from));
  return key;
}

Result<unsigned, Error> read_client(const Field& field, Request& request) {
  const auto text = text_of(field);
  if (!text) return fail(text.error());
  request.client = IpAddress::parse(*text);
  if (!request.client) return bad(shown(*text) + " is not an IP address");
  return kClient;
}

Result<unsigned, Error> read_level(const Field& field, Request& request) {
  auto text = text_of(field);
  if (!text) return fail(text.error());
  if (std::ranges::find(kLevels, *text) == kLevels.end()) {
    return bad(shown(*text) + " is none of: debug, info, warn, error");
  }
  request.level = std::move(*text);
  return kLevel;
}

Result<unsigned, Error> read_name(const Field& field, Request& request) {
  auto text = text_of(field);
  if (text && text->empty()) return bad("\"name\" is empty");
  return put(std::move(text), request.name, kName);
}

Result<unsigned, Error> read_source(const Field& field, Request& request) {
  auto text = text_of(field);
  if (text && text->empty()) return bad("\"source\" is empty");
  return put(std::move(text), request.source, kSource);
}

// The bit of the field's key.
Result<unsigned, Error> read_field(const Field& field, const CommandRow& row, Request& request) {
  const std::string& key = field.first;
  if (key == "name") return read_name(field, request);
  if (key == "client") return read_client(field, request);
  if (key == "limit") {
    auto limit = number_of(field, 1, row.most == 0 ? kMostFrames : row.most);
    if (!limit) return fail(std::move(limit.error()));
    request.limit = static_cast<std::uint32_t>(*limit);
    return kLimit;
  }
  if (key == "accept") return put(flag_of(field), request.accept, kAccept);
  if (key == "source") return read_source(field, request);
  if (key == "to") {
    return put(number_of(field, 0, std::numeric_limits<std::int64_t>::max()), request.to, kTo);
  }
  if (key == "resume") return put(flag_of(field), request.resume, kResume);
  if (key == "level") return read_level(field, request);
  if (key == "seconds") return put(number_of(field, 1, kMostSeconds), request.seconds, kSeconds);
  if (key == "next") return put(flag_of(field), request.next, kNext);
  return bad("unknown key " + shown(key));
}

const Field* find(const std::vector<Field>& fields, std::string_view key) {
  const auto found = std::ranges::find(fields, key, &Field::first);
  return found == fields.end() ? nullptr : &*found;
}

Result<const CommandRow*, Error> command_of(const std::vector<Field>& fields) {
  const Field* const version = find(fields, "sluice");
  if (version == nullptr) return fail(Error{ErrorCode::malformed, "\"sluice\" is missing"});
  const auto* const number = std::get_if<std::uint64_t>(&version->second);
  if (number == nullptr || *number != kVersion) {
    return fail(Error{ErrorCode::version,
                      "this gateway speaks version " + std::to_string(kVersion) + " only"});
  }
  const Field* const command = find(fields, "command");
  if (command == nullptr) return fail(Error{ErrorCode::malformed, "\"command\" is missing"});
  const auto word = text_of(*command);
  if (!word) return fail(word.error());
  const auto row = std::ranges::find(kCommands, *word, &CommandRow::word);
  if (row != kCommands.end()) return &*row;
  return fail(Error{ErrorCode::unknown_command, "there is no command " + shown(*word)});
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::version:
      return "version";
    case ErrorCode::unknown_command:
      return "unknown_command";
    case ErrorCode::bad_argument:
      return "bad_argument";
    case ErrorCode::forbidden:
      return "forbidden";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::failed:
      return "failed";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

bool ends_connection(ErrorCode code) noexcept {
  return code == ErrorCode::malformed || code == ErrorCode::too_large ||
         code == ErrorCode::version || code == ErrorCode::busy || code == ErrorCode::timeout;
}

std::string_view to_string(Command command) noexcept {
  return row_of(command).word;
}

Rights needed_for(const Request& request) noexcept {
  // To ask is not to set.
  if (request.command == Command::log_level && !request.level.empty()) return Rights::admin;
  return row_of(request.command).rights;
}

Result<Request, Error> parse_request(std::string_view line) {
  if (line.size() > kMaxRequest) {
    return fail(Error{ErrorCode::too_large,
                      "a request has at most " + std::to_string(kMaxRequest) + " bytes"});
  }
  FlatObject object;
  if (!Json::sax_parse(line, &object)) {
    return fail(Error{ErrorCode::malformed, object.problem()});
  }
  const auto row = command_of(object.fields());
  if (!row) return fail(row.error());
  Request request{.command = (*row)->command};
  unsigned given = 0;
  for (const Field& field : object.fields()) {
    if (field.first == "sluice" || field.first == "command") continue;
    const auto key = read_field(field, **row, request);
    if (!key) return fail(key.error());
    if (((*row)->keys & *key) == 0) {
      return bad("`" + std::string((*row)->word) + "` takes no " + shown(field.first));
    }
    given |= *key;
  }
  if ((given & (*row)->required) != (*row)->required) {
    return bad("`" + std::string((*row)->word) + "` needs \"name\"");
  }
  if (request.resume && request.to) return bad("\"to\" and \"resume\" are mutually exclusive");
  if (request.next && (request.limit || request.seconds)) {
    return bad("\"next\" takes neither \"limit\" nor \"seconds\"");
  }
  return request;
}

std::string to_line(const Request& request) {
  Json line;
  line["sluice"] = kVersion;
  line["command"] = to_string(request.command);
  if (!request.name.empty()) line["name"] = request.name;
  if (request.client) line["client"] = request.client->to_string();
  if (request.limit) line["limit"] = *request.limit;
  if (request.seconds) line["seconds"] = *request.seconds;
  if (request.next) line["next"] = true;
  if (request.accept) line["accept"] = true;
  if (!request.source.empty()) line["source"] = request.source;
  if (request.to) line["to"] = *request.to;
  if (request.resume) line["resume"] = true;
  if (!request.level.empty()) line["level"] = request.level;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string reply_line(const Json& body) {
  Json line;
  line["sluice"] = kVersion;
  line["ok"] = true;
  line.update(body);
  // Names of policies and lists may hold any bytes.
  return line.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string error_line(const Error& error) {
  Json line;
  line["sluice"] = kVersion;
  line["ok"] = false;
  line["error"] = to_string(error.code);
  line["reason"] = error.text;
  return line.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Result<Json, Error> parse_reply(std::string_view line) {
  Json reply = Json::parse(line, nullptr, false);
  const auto is_number = [&](const char* key) {
    return reply.contains(key) && reply[key].is_number_unsigned();
  };
  if (!reply.is_object() || !is_number("sluice") || reply["sluice"] != kVersion ||
      !reply.contains("ok") || !reply["ok"].is_boolean()) {
    return fail(Error{ErrorCode::malformed, "the reply is not of this protocol"});
  }
  if (reply["ok"] == true) return reply;
  const auto text = [&](const char* key) {
    return reply.contains(key) && reply[key].is_string() ? reply[key].get<std::string>()
                                                         : std::string();
  };
  Error error{ErrorCode::internal, text("reason")};
  const std::string word = text("error");
  for (unsigned i = 0; i <= static_cast<unsigned>(ErrorCode::internal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (to_string(code) == word) error.code = code;
  }
  return fail(std::move(error));
}

}  // namespace sluice::control
