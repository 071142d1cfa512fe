#include "gateway/app/explain.h"

#include <array>

#include "lists/format/asked_name.h"

namespace sluice::app {
namespace {

using Asked = lists::AskedName;

// What is asked about: a name or an address, and what its answer leads to.
struct Question {
  const Asked& asked;
  std::optional<name::Name> target;
};

policy::Decision decide(const engine::Snapshot& snapshot, policy::PolicyId policy,
                        const Question& question) {
  const policy::PolicySet& policies = snapshot.policies;
  const Asked& asked = question.asked;
  if (asked.address) {
    return policies.decide(snapshot.domains, snapshot.addresses, policy, *asked.address);
  }
  const policy::Decision decision = policies.decide(snapshot.domains, policy, asked.name);
  if (!question.target || decision.rule.valid()) return decision;
  const bool covers = snapshot.dns.exceptions_cover_answers;
  policy::Decision of_target = policies.decide(snapshot.domains, policy, *question.target,
                                               covers ? decision.excepted : policy::AppMask{});
  if (covers && decision.exception.valid()) of_target.exception = decision.exception;
  return of_target;
}

policy::Decision decide(const engine::Snapshot& snapshot, const std::optional<IpAddress>& client,
                        const Question& question) {
  const policy::PolicySet& policies = snapshot.policies;
  if (client) return decide(snapshot, policies.policy_for(*client), question);
  policy::Decision decision;
  for (std::size_t i = 0; i < policies.all().size(); ++i) {
    decision = decide(snapshot, policy::PolicyId{static_cast<std::uint16_t>(i)}, question);
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
                                              std::string_view text, std::string_view target) {
  const auto read = lists::read_asked_name(text);
  if (!read) return fail(read.error());
  const Asked& asked = *read;
  cli::Explanation explanation;
  std::optional<name::Name> target_name;
  if (!target.empty()) {
    const auto read_target = lists::read_asked_name(target);
    if (!read_target) return fail("target: " + read_target.error());
    if (asked.address || read_target->address)
      return fail("an address has no DNS answer to lead on");
    target_name = read_target->name;
    explanation.target = understood_as(*read_target);
  }
  const policy::Decision decision = decide(snapshot, client, {asked, target_name});
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
