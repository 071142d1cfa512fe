#include "gateway/cli/explanation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {

namespace {

bool is_as_asked(const Explanation& explanation) {
  std::string_view asked = explanation.asked;
  if (asked.size() > 1 && asked.ends_with('.')) asked.remove_suffix(1);
  return asked.empty() ||
         std::ranges::equal(asked, explanation.understood, {}, to_lower_ascii, to_lower_ascii);
}

// One word on a line of words.
std::string as_word(std::string_view text) {
  std::string word(text);
  const auto is_gap = [](char c) { return (c >= 0 && c <= ' ') || c == 0x7f; };
  std::ranges::replace_if(word, is_gap, '?');
  return word;
}

}  // namespace

std::string_view verdict_word(policy::Action action) noexcept {
  switch (action) {
    case policy::Action::allow:
      return "pass";
    case policy::Action::log:
      return "log";
    case policy::Action::drop:
    case policy::Action::reject:
      return "drop";
  }
  return "?";
}

std::string to_line(const Explanation& explanation) {
  std::string line = std::string(verdict_word(explanation.action)) + ' ' + explanation.understood;
  if (!explanation.target.empty()) line += " target=" + explanation.target;
  if (explanation.has_entry) {
    line += " app=" + explanation.app;
    line += (explanation.is_exception ? " exception=" : " rule=") + explanation.entry;
    line += " list=" + explanation.list;
    line += " line=" + std::to_string(explanation.line);
    if (!explanation.policy.empty()) line += " policy=" + explanation.policy;
  }
  for (const WouldDo& would : explanation.shadows) {
    line += " shadow=" + std::string(verdict_word(would.action));
    line += " app=" + would.app;
    line += (would.action == policy::Action::allow ? " exception=" : " rule=") + would.entry;
    line += " list=" + would.list;
    line += " line=" + std::to_string(would.line);
    line += " policy=" + would.policy;
  }
  if (!is_as_asked(explanation)) line += " asked=" + as_word(explanation.asked);
  return line;
}

nlohmann::ordered_json to_object(const Explanation& explanation) {
  nlohmann::ordered_json line;
  line["name"] = explanation.understood;
  if (!is_as_asked(explanation)) line["asked"] = explanation.asked;
  if (!explanation.target.empty()) line["target"] = explanation.target;
  line["verdict"] = verdict_word(explanation.action);
  if (explanation.has_entry) {
    line["app"] = explanation.app;
    line[explanation.is_exception ? "exception" : "rule"] = explanation.entry;
    line["list"] = explanation.list;
    line["list_version"] = explanation.list_version;
    line["line"] = explanation.line;
  }
  if (!explanation.policy.empty()) line["policy"] = explanation.policy;
  for (const WouldDo& would : explanation.shadows) {
    const bool is_exception = would.action == policy::Action::allow;
    line["shadows"].push_back({{"would", verdict_word(would.action)},
                               {"app", would.app},
                               {is_exception ? "exception" : "rule", would.entry},
                               {"list", would.list},
                               {"line", would.line},
                               {"policy", would.policy}});
  }
  for (const OutOfForce& it : explanation.time.out_of_force) {
    line["out_of_force"].push_back({{"kind", it.kind}, {"name", it.name}});
  }
  for (const Exemption& it : explanation.time.exemptions) {
    line["exemptions"].push_back({{"apps", it.apps},
                                  {"owner", it.owner},
                                  {"reason", it.reason},
                                  {"expires", it.expires},
                                  {"in_force", it.in_force}});
  }
  return line;
}

std::string to_json(const Explanation& explanation) {
  return to_object(explanation).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> to_lines(const TimeNotes& notes) {
  std::vector<std::string> lines;
  lines.reserve(notes.out_of_force.size() + notes.exemptions.size());
  for (const OutOfForce& it : notes.out_of_force) {
    lines.push_back("the " + it.kind + " \"" + it.name + "\" does not count at this time");
  }
  for (const Exemption& it : notes.exemptions) {
    std::string line = "this client is exempt from";
    for (const std::string& app : it.apps) line += ' ' + app;
    line += (it.in_force ? " until " : "; that expired at ") + it.expires;
    lines.push_back(line + " (" + it.owner + ": " + it.reason + ')');
  }
  return lines;
}

}  // namespace sluice::cli
