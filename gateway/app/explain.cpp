#include "gateway/app/explain.h"

#include <algorithm>
#include <array>

#include "gateway/config/timetable.h"
#include "lists/bundle/manifest.h"
#include "lists/format/asked_name.h"

namespace sluice::app {
namespace {

using Asked = lists::AskedName;

// What is asked about: a name or an address, and what its answer leads to.
struct Question {
  const Asked& asked;
  std::optional<name::Name> target;
};

// What becomes of it, and what shadows would have done.
struct Decided {
  policy::Decision decision;
  policy::Trial trial;
};

// `policy` is that of the client.
Decided decide(const engine::Snapshot& snapshot, policy::PolicyId policy, policy::PolicyId beside,
               const Question& question) {
  const policy::PolicySet& policies = snapshot.policies;
  const match::DomainSet& domains = snapshot.domains;
  const Asked& asked = question.asked;
  Decided decided;
  policy::Decision& decision = decided.decision;
  if (asked.address) {
    decision = policies.decide(domains, snapshot.addresses, policy, *asked.address);
    decided.trial = policies.try_shadows(domains, snapshot.addresses, {policy, beside},
                                         *asked.address, decision);
    return decided;
  }
  decision = policies.decide(domains, policy, asked.name);
  decided.trial = policies.try_shadows(domains, {policy, beside}, asked.name, decision);
  if (!question.target || decision.rule.valid()) return decided;
  const bool covers = snapshot.dns.exceptions_cover_answers;
  const policy::Excepted excepted = covers ? decided.trial.excepted(decision) : policy::Excepted{};
  policy::Decision of_target = policies.decide(domains, policy, *question.target, excepted.now);
  decided.trial =
      policies.try_shadows(domains, {policy, beside}, *question.target, of_target, excepted);
  if (covers && decision.exception.valid()) of_target.exception = decision.exception;
  decision = of_target;
  return decided;
}

Decided decide(const engine::Snapshot& snapshot, const std::optional<IpAddress>& client,
               const Question& question) {
  const policy::PolicySet& policies = snapshot.policies;
  if (client) {
    return decide(snapshot, policies.policy_for(*client), policies.shadow_policy_for(*client),
                  question);
  }
  Decided decided, first_trial;
  for (std::size_t i = 0; i < policies.all().size(); ++i) {
    if (!policies.all()[i].in_force) continue;
    const policy::PolicyId id{static_cast<std::uint16_t>(i)};
    const bool shadow = policies.all()[i].shadow;
    const Decided of_it = decide(snapshot, shadow ? policy::PolicyId{} : id,
                                 shadow ? id : policy::PolicyId{}, question);
    if (!decided.decision.rule.valid() && !shadow) decided.decision = of_it.decision;
    const bool is_first = !first_trial.trial.lists_differ && !first_trial.trial.policy_differs;
    if (is_first) first_trial = of_it;
  }
  // Nothing is on trial where a policy blocks already.
  if (!decided.decision.rule.valid()) decided.trial = first_trial.trial;
  return decided;
}

std::string understood_as(const Asked& asked) {
  if (asked.address) return asked.address->to_string();
  if (asked.name.label_count() == 0) return ".";
  std::array<char, name::kMaxTextBytes> buffer;
  return std::string(name::to_text(asked.name, buffer));
}

// The entry that decided, if there is one.
match::RuleId entry_of(const policy::Decision& decision) {
  return decision.rule.valid() ? decision.rule : decision.exception;
}

cli::WouldDo would_do(const engine::Snapshot& snapshot, const policy::Decision& would) {
  const match::RuleId id = entry_of(would);
  const match::Rule rule = snapshot.domains.rule(id);
  return {.action = would.action,
          .policy = std::string(snapshot.policies.name_of(would.policy)),
          .app = std::string(snapshot.domains.app_name(would.app)),
          .entry = match::rule_text(snapshot.domains, id),
          .list = std::string(snapshot.domains.list_name(rule.list)),
          .line = rule.line};
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
  const auto [decision, trial] = decide(snapshot, client, {asked, target_name});
  explanation.asked = text;
  explanation.understood = understood_as(asked);
  explanation.action = decision.action;
  explanation.policy = snapshot.policies.name_of(decision.policy);
  if (trial.lists_differ) explanation.shadows.push_back(would_do(snapshot, trial.of_lists));
  if (trial.policy_differs) explanation.shadows.push_back(would_do(snapshot, trial.of_policy));
  explanation.is_exception = !decision.rule.valid() && decision.exception.valid();
  const match::RuleId id = entry_of(decision);
  if (!id.valid()) return explanation;
  const match::Rule rule = snapshot.domains.rule(id);
  explanation.has_entry = true;
  explanation.app = snapshot.domains.app_name(rule.app);
  explanation.entry = match::rule_text(snapshot.domains, id);
  explanation.list = snapshot.domains.list_name(rule.list);
  explanation.list_version = snapshot.domains.list_version(rule.list);
  explanation.line = rule.line;
  return explanation;
}

cli::TimeNotes time_notes(const config::LiveSettings& live, const std::optional<IpAddress>& client,
                          schedule::Time now) {
  cli::TimeNotes notes;
  for (const config::Timed& it : config::timed(live, now)) {
    if (it.kind != "exception" && !it.in_force) notes.out_of_force.push_back({it.kind, it.name});
  }
  for (const config::ExceptionSpec& exception : live.exceptions) {
    const auto holds = [&](const IpPrefix& prefix) { return client && prefix.contains(*client); };
    if (std::ranges::none_of(exception.clients, holds)) continue;
    notes.exemptions.push_back({.apps = exception.apps,
                                .owner = exception.owner,
                                .reason = exception.reason,
                                .expires = lists::time_text(exception.expires),
                                .in_force = config::is_in_force(exception, now)});
  }
  return notes;
}

}  // namespace sluice::app
