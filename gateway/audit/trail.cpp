#include "gateway/audit/trail.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::audit {
namespace {

using Json = nlohmann::json;

std::string text_in(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint64_t number_in(const Json& record, const char* key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<Line::Kind> kind_of(const Json& record) {
  const std::string kind = text_in(record, "kind");
  if (kind.empty()) return Line::Kind::decision;
  if (kind == "unjudged") return Line::Kind::unjudged;
  if (kind == "start") return Line::Kind::start;
  if (kind == "update") return Line::Kind::update;
  if (kind == "lost") return Line::Kind::lost;
  return std::nullopt;
}

// An EVE line as a record of our own format, whose keys are in its `sluice`
// (gateway/telemetry/eve.h). Lines of Suricata itself have none. Other records are as they were.
Json without_eve(Json record) {
  if (!record.contains("event_type")) return record;
  const auto found = record.find("sluice");
  if (found == record.end() || !found->is_object()) return {};
  Json own = std::move(*found);
  std::string time = text_in(record, "timestamp");
  constexpr std::string_view kUtc = "+0000";
  if (!time.ends_with(kUtc)) return {};
  time.replace(time.size() - kUtc.size(), kUtc.size(), "Z");
  own["time"] = std::move(time);
  std::string client = text_in(record, "src_ip");
  if (record.contains("src_port")) {
    if (client.find(':') != std::string::npos) client = '[' + client + ']';
    client += ':' + std::to_string(number_in(record, "src_port"));
  }
  own["client"] = std::move(client);
  return own;
}

// `2026-11-28T06:01:40`, at least.
bool is_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !is_digit : text[i] != kForm[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Line> parse_line(std::string_view text) {
  Json record = Json::parse(text, nullptr, false);
  if (record.is_object()) record = without_eve(std::move(record));
  if (!record.is_object() || number_in(record, "v") != 1) return std::nullopt;
  const auto kind = kind_of(record);
  Line line;
  line.time = text_in(record, "time");
  if (!kind || !is_time(line.time)) return std::nullopt;
  line.kind = *kind;
  line.action = text_in(record, "action");
  line.would = text_in(record, "would");
  line.app = text_in(record, "app");
  line.name = text_in(record, "name");
  line.protocol = text_in(record, "protocol");
  line.client = text_in(record, "client");
  line.policy = text_in(record, "policy");
  line.list = text_in(record, "list");
  line.list_version = text_in(record, "list_version");
  line.reason = text_in(record, "reason");
  line.suppressed = number_in(record, "suppressed");
  line.lost = number_in(record, "records");
  line.generation = number_in(record, "generation");
  line.result = text_in(record, "result");
  line.version = text_in(record, "version");
  if (const auto lists = record.find("lists"); lists != record.end() && lists->is_array()) {
    for (const Json& list : *lists) {
      if (!list.is_object()) continue;
      line.lists.push_back(text_in(list, "name") + ' ' + text_in(list, "version"));
    }
  }
  return line;
}

bool next_line(std::istream& in, std::string& line) {
  line.clear();
  std::streambuf& bytes = *in.rdbuf();
  for (int c = bytes.sbumpc(); c != std::char_traits<char>::eof(); c = bytes.sbumpc()) {
    if (c == '\n') return true;
    if (line.size() < kMostBytes) line += static_cast<char>(c);
  }
  return !line.empty();
}

std::string_view without_port(std::string_view client) noexcept {
  const std::size_t colon = client.rfind(':');
  const bool has_port = colon != std::string_view::npos && !client.starts_with("p:") &&
                        (client.starts_with('[') || client.find(':') == colon);
  return has_port ? client.substr(0, colon) : client;
}

}  // namespace sluice::audit
