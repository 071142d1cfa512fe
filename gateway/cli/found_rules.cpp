// The part of lists_report.h about searches: what `lists search` prints.

#include <nlohmann/json.hpp>
#include <sstream>

#include "gateway/cli/lists_report.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

bool is_below(Bytes wire, const name::Name& name) {
  const std::string_view text = as_text(wire);
  const std::string_view suffix = as_text(name.wire());
  if (text.size() <= suffix.size() || !text.ends_with(suffix)) return false;
  // At the border of a label.
  std::size_t at = 0;
  while (at < text.size() - suffix.size())
    at += std::size_t{1} + static_cast<unsigned char>(text[at]);
  return at == text.size() - suffix.size();
}

std::string written(const match::DomainSet& set, match::RuleId id) {
  const std::string_view source = set.rule_source(id);
  return source.empty() ? match::rule_text(set, id) : std::string(source);
}

Json rule_json(const match::DomainSet& set, match::RuleId id) {
  const match::Rule rule = set.rule(id);
  return {{"app", set.app_name(rule.app)},
          {"rule", written(set, id)},
          {"exception", match::is_exception(rule.kind)},
          {"list", set.list_name(rule.list)},
          {"version", set.list_version(rule.list)},
          {"line", rule.line}};
}

}  // namespace

FoundRules find_rules(const match::DomainSet& set, const name::Name& name, std::size_t most) {
  FoundRules found;
  set.find_all(name, [&](const match::Match& match) {
    if (found.covering_count++ < most) found.covering.push_back(match.rule);
    return true;
  });
  set.for_each_rule([&](match::RuleId id) {
    if (!is_below(set.rule_wire(id), name)) return;
    if (found.below_count++ < most) found.below.push_back(id);
  });
  return found;
}

std::string found_text(const match::DomainSet& set, std::string_view name,
                       const FoundRules& found) {
  std::ostringstream out;
  const auto print = [&](std::string_view how, const std::vector<match::RuleId>& rules,
                         std::uint64_t count) {
    for (const match::RuleId id : rules) {
      const match::Rule rule = set.rule(id);
      out << how << ' ' << name << " app=" << set.app_name(rule.app)
          << (match::is_exception(rule.kind) ? " exception=" : " rule=") << written(set, id)
          << " list=" << set.list_name(rule.list) << " line=" << rule.line << '\n';
    }
    if (count > rules.size()) {
      out << "… and " << count - rules.size() << " more " << how << ' ' << name << '\n';
    }
  };
  print("covers", found.covering, found.covering_count);
  print("below", found.below, found.below_count);
  if (found.covering_count + found.below_count == 0) out << "none " << name << '\n';
  return out.str();
}

std::string found_json(const match::DomainSet& set, std::string_view name,
                       const FoundRules& found) {
  Json covering = Json::array();
  Json below = Json::array();
  for (const match::RuleId id : found.covering) covering.push_back(rule_json(set, id));
  for (const match::RuleId id : found.below) below.push_back(rule_json(set, id));
  const Json object = {{"name", name},
                       {"covering", covering},
                       {"covering_count", found.covering_count},
                       {"below", below},
                       {"below_count", found.below_count}};
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::cli
