#include "gateway/cli/explanation.h"

#include <nlohmann/json.hpp>

namespace sluice::cli {

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
  if (!explanation.has_entry) return line;
  line += " app=" + explanation.app;
  line += (explanation.is_exception ? " exception=" : " rule=") + explanation.entry;
  line += " list=" + explanation.list;
  line += " line=" + std::to_string(explanation.line);
  if (!explanation.policy.empty()) line += " policy=" + explanation.policy;
  return line;
}

std::string to_json(const Explanation& explanation) {
  nlohmann::ordered_json line;
  line["name"] = explanation.understood;
  line["verdict"] = verdict_word(explanation.action);
  if (explanation.has_entry) {
    line["app"] = explanation.app;
    line[explanation.is_exception ? "exception" : "rule"] = explanation.entry;
    line["list"] = explanation.list;
    line["line"] = explanation.line;
  }
  if (!explanation.policy.empty()) line["policy"] = explanation.policy;
  return line.dump();
}

}  // namespace sluice::cli
