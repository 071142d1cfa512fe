#include "gateway/cli/reply_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {

using Json = nlohmann::ordered_json;

// For a terminal: no control characters, whatever a list holds.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(shown, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  return shown;
}

std::string text_in(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>())
                                                     : std::string();
}

std::uint64_t number_in(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag_in(const Json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

const Json& part_of(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string counted(std::uint64_t number, std::string_view one) {
  return grouped(number) + ' ' + std::string(one) + (number == 1 ? "" : "s");
}

std::string duration(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const auto parts = [](std::uint64_t whole, const char* unit, std::uint64_t rest,
                        const char* small) {
    std::string text = std::to_string(whole) + unit;
    return rest == 0 ? text : text + ' ' + std::to_string(rest) + small;
  };
  if (seconds >= kDay) return parts(seconds / kDay, " d", seconds % kDay / kHour, " h");
  if (seconds >= kHour) return parts(seconds / kHour, " h", seconds % kHour / kMinute, " min");
  if (seconds >= kMinute) return parts(seconds / kMinute, " min", 0, "");
  return std::to_string(seconds) + " s";
}

std::string age_in(const Json& object, const char* key, const char* suffix) {
  const Json& age = part_of(object, key);
  return age.is_number_unsigned() ? duration(age.get<std::uint64_t>()) + suffix : std::string();
}

std::vector<std::string> Table::lines() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string Table::text() const {
  std::string text;
  for (const std::string& line : lines()) text += line + '\n';
  return text;
}

}  // namespace sluice::cli
