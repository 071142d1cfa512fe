// From what the configuration names to the ids that a domain set gives.

#include <optional>

#include "filters/policy/exemption.h"
#include "gateway/config/config.h"
#include "gateway/config/timetable.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostPolicies = 16'384;  // with those that exceptions make of them

std::optional<match::AppId> app_of(const match::DomainSet& domains, const std::string& name) {
  for (std::size_t i = 0; i < domains.app_count(); ++i) {
    const match::AppId id{static_cast<std::uint8_t>(i)};
    if (domains.app_name(id) == name) return id;
  }
  return std::nullopt;
}

std::optional<match::ListId> list_of(const match::DomainSet& domains, const std::string& name) {
  for (std::size_t i = 0; i < domains.list_count(); ++i) {
    const match::ListId id{static_cast<std::uint16_t>(i)};
    if (domains.list_name(id) == name) return id;
  }
  return std::nullopt;
}

}  // namespace

Result<policy::PolicySet, std::string> resolve_policies(const LiveSettings& live,
                                                        const match::DomainSet& domains,
                                                        schedule::Time now) {
  std::vector<policy::Policy> policies;
  for (const PolicySpec& spec : live.policies) {
    const auto wrong = [&](const std::string& why) {
      return fail("policy \"" + spec.name + "\": " + why);
    };
    policy::Policy policy{.name = spec.name,
                          .clients = spec.clients,
                          .action = spec.action,
                          .answer = spec.answer,
                          .shadow = spec.shadow,
                          .in_force = is_in_force(spec, now)};
    for (const std::string& name : spec.apps) {
      const auto app = app_of(domains, name);
      if (!app) return wrong("no list is of the app \"" + name + "\"");
      policy.apps.add(*app);
    }
    for (const std::string& name : spec.shadow_lists) {
      const auto list = list_of(domains, name);
      if (!list) return wrong("no list has the name \"" + name + "\"");
      policy.shadow_lists.add(*list);
    }
    policies.push_back(std::move(policy));
  }
  for (const ExceptionSpec& spec : live.exceptions) {
    policy::AppMask apps;
    for (const std::string& name : spec.apps) {
      const auto app = app_of(domains, name);
      if (!app)
        return fail("exception \"" + name_of(spec) + "\": no list is of the app \"" + name + "\"");
      apps.add(*app);
    }
    if (is_in_force(spec, now)) policy::exempt(policies, spec.clients, apps);
    if (policies.size() > kMostPolicies) {
      return fail(std::string("the exceptions divide the policies into more than 16384"));
    }
  }
  policy::ListMask lists_off;
  for (const Validity& validity : live.validities) {
    const auto list = list_of(domains, validity.list);
    if (list && !is_in_force(validity, now)) lists_off.add(*list);
  }
  return policy::PolicySet(std::move(policies), std::move(lists_off));
}

}  // namespace sluice::config
