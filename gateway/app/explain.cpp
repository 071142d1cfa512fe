#include "gateway/app/explain.h"

#include <array>

#include "lists/format/asked_name.h"

namespace sluice::app {
namespace {

using Asked = lists::AskedName;

policy::Decision decide(const engine::Snapshot& snapshot, policy::PolicyId policy,
                        const Asked& asked) {
  if (!asked.address) return snapshot.policies.decide(snapshot.domains, policy, asked.name);
  return snapshot.policies.decide(snapshot.domains, snapshot.addresses, policy, *asked.address);
}

policy::Decision decide(const engine::Snapshot& snapshot, const std::optional<IpAddress>& client,
                        const Asked& asked) {
  const policy::PolicySet& policies = snapshot.policies;
  if (client) return decide(snapshot, policies.policy_for(*client), asked);
  policy::Decision decision;
  for (std::size_t i = 0; i < policies.all().size(); ++i) {
    decision = decide(snapshot, policy::PolicyId{static_cast<std::uint16_t>(i)}, asked);
    if (decision.rule.valid()) break;
  }
  return decision;
}

std::string understood_as(const Asked& asked) {
  if (asked.address) return asked.address->to_string();
  if (asked.name.label_count() == 0) return ".";
  std::array<char, name::kMaxTextBytes> buffer;
  return std::string(name::to_text(asked.name, buffer));
}

}  // namespace

Result<cli::Explanation, std::string> explain(const engine::Snapshot& snapshot,
                                              const std::optional<IpAddress>& client,
                                              std::string_view text) {
  const auto read = lists::read_asked_name(text);
  if (!read) return fail(read.error());
  const Asked& asked = *read;
  const policy::Decision decision = decide(snapshot, client, asked);
  cli::Explanation explanation;
  explanation.asked = text;
  explanation.understood = understood_as(asked);
  explanation.action = decision.action;
  explanation.policy = snapshot.policies.name_of(decision.policy);
  explanation.is_exception = !decision.rule.valid() && decision.exception.valid();
  const match::RuleId id = explanation.is_exception ? decision.exception : decision.rule;
  if (!id.valid()) return explanation;
  const match::Rule rule = snapshot.domains.rule(id);
  explanation.has_entry = true;
  explanation.app = snapshot.domains.app_name(rule.app);
  explanation.entry = match::rule_text(snapshot.domains, id);
  explanation.list = snapshot.domains.list_name(rule.list);
  explanation.line = rule.line;
  return explanation;
}

}  // namespace sluice::app
