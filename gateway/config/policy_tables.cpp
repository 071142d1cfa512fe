// [[policy]]: which clients get which apps, and which action.

#include <algorithm>
#include <map>
#include <set>

#include "gateway/config/read_prefixes.h"
#include "gateway/config/tables.h"

namespace sluice::config {
namespace {

constexpr std::string_view kAnyApp = "*";
constexpr std::size_t kMostPolicies = 1024;  // a new flow looks at the prefixes of all

// The prefixes of all policies. Of two policies with the same prefix only the first would ever
// decide, so the second is an error.
class ClientPrefixes {
 public:
  void take(const IpPrefix& prefix, const std::string& policy, TableReader& table,
            std::size_t index) {
    const std::uint32_t line = table.line_of("clients", index);
    const auto [first, is_new] = seen_.try_emplace(prefix, Seen{policy, line});
    if (is_new || first->second.policy == policy) return;
    const std::string also =
        " in policy \"" + first->second.policy + "\", line " + std::to_string(first->second.line);
    if (prefix == IpPrefix{}) {
      table.error("clients", "every client is already" + also);
    } else {
      table.error("clients", index, prefix.to_string() + " is already" + also);
    }
  }

 private:
  struct Seen {
    std::string policy;
    std::uint32_t line;
  };
  std::map<IpPrefix, Seen> seen_;
};

void read_answer(TableReader& table, PolicySpec& spec) {
  using Kind = policy::DnsAnswerKind;
  static constexpr std::array kKinds = {
      Word<Kind>{"nxdomain", Kind::nxdomain}, Word<Kind>{"nodata", Kind::nodata},
      Word<Kind>{"refused", Kind::refused}, Word<Kind>{"sinkhole", Kind::sinkhole}};
  policy::DnsAnswer& answer = spec.answer;
  table.read_word("answer", answer.kind, kKinds);
  std::vector<std::string> sinkhole;
  table.read("sinkhole", sinkhole);
  for (std::size_t i = 0; i < sinkhole.size(); ++i) {
    const auto address = IpAddress::parse(sinkhole[i]);
    if (!address) {
      table.error("sinkhole", i, "\"" + sinkhole[i] + "\" is not an IP address");
      continue;
    }
    auto& place = address->is_v4() ? answer.ipv4 : answer.ipv6;
    if (place) table.error("sinkhole", i, "is the second address of its family");
    place = *address;
  }
  const bool is_sinkhole = answer.kind == Kind::sinkhole;
  if (answer.kind != Kind::nxdomain && spec.action != policy::Action::reject) {
    table.error("answer", "needs action = \"reject\"");
  }
  if (is_sinkhole && !table.has("sinkhole")) {
    table.error("answer", "needs sinkhole = [addresses]");
  }
  if (!is_sinkhole && table.has("sinkhole")) {
    table.error("sinkhole", "needs answer = \"sinkhole\"");
  }
}

void read_hours(TableReader& table, PolicySpec& spec) {
  std::vector<std::string> hours;
  std::string time_zone;
  table.read("hours", hours);
  table.read("time_zone", time_zone);
  if (table.has("hours") != table.has("time_zone")) {
    table.error(table.has("hours") ? "hours" : "time_zone", "hours and time_zone go together");
    return;
  }
  if (hours.empty()) return;
  auto week = schedule::WeekHours::in(time_zone);
  if (!week) return table.error("time_zone", week.error());
  for (std::size_t i = 0; i < hours.size(); ++i) {
    if (const auto added = week->add(hours[i]); !added) table.error("hours", i, added.error());
  }
  spec.hours = *week;
}

// Its own, and those that are on trial in every policy.
void read_shadow_lists(TableReader& table, LiveSettings& live, PolicySpec& spec) {
  table.read("shadow_lists", spec.shadow_lists);
  if (table.has("shadow_lists") && live.image) {
    table.error("shadow_lists",
                "cannot be combined with an image, in which lists share the entries that they "
                "have in common");
    return;
  }
  for (std::size_t i = 0; i < spec.shadow_lists.size(); ++i) {
    const std::string& name = spec.shadow_lists[i];
    const auto list = std::ranges::find(live.lists, name, &lists::ListSpec::name);
    if (list == live.lists.end()) {
      table.error("shadow_lists", i, "no list has the name \"" + name + "\"");
    } else {
      list->apart = true;
    }
  }
  spec.shadow_lists.insert(spec.shadow_lists.end(), live.shadow_lists.begin(),
                           live.shadow_lists.end());
}

}  // namespace

void check_apps(TableReader& table, const LiveSettings& live, std::string_view key,
                const std::vector<std::string>& apps) {
  for (std::size_t i = 0; i < apps.size(); ++i) {
    // "*" is the app of exceptions: as an app of a policy it would ban nothing.
    const bool known = std::ranges::any_of(live.lists, [&](const lists::ListSpec& list) {
      return list.app == apps[i] && list.app != kAnyApp;
    });
    if (!known && !live.image) {
      table.error(key, i, "no list is of the app \"" + apps[i] + "\"");
    }
  }
}

void read_policies(TableReader& root, LiveSettings& live) {
  std::set<std::string> names;
  ClientPrefixes in_force, on_trial;  // either decides by the longest prefix of its own
  std::size_t shadows = 0;
  std::vector<TableReader> tables = root.tables("policy");
  if (tables.size() > kMostPolicies) {
    root.error("policy", "more than " + std::to_string(kMostPolicies) + " policies");
    return;
  }
  for (TableReader& table : tables) {
    PolicySpec spec;
    table.require("name", spec.name);
    if (!names.insert(spec.name).second) {
      table.error("name", "\"" + spec.name + "\" is the name of an earlier policy");
    }
    read_hours(table, spec);
    table.read("shadow", spec.shadow);
    ClientPrefixes& prefixes = spec.shadow ? on_trial : in_force;
    read_prefixes(table, "clients", [&](const IpPrefix& prefix, std::size_t index) {
      spec.clients.push_back(prefix);
      // Policies that have hours may take turns.
      if (!spec.hours) prefixes.take(prefix, spec.name, table, index);
    });
    if (!table.has("clients") && !spec.hours) prefixes.take(IpPrefix{}, spec.name, table, 0);
    table.require("apps", spec.apps);
    check_apps(table, live, "apps", spec.apps);
    table.read_word("action", spec.action, policy::parse_action, "drop, reject, log, allow");
    read_answer(table, spec);
    read_shadow_lists(table, live, spec);
    if (spec.shadow || !spec.shadow_lists.empty()) ++shadows;
    if (shadows == policy::kMostShadowPolicies + 1) {
      table.error(spec.shadow ? "shadow" : "shadow_lists",
                  "more than " + std::to_string(policy::kMostShadowPolicies) +
                      " policies are on trial, or have lists that are");
    }
    table.refuse_others();
    live.policies.push_back(std::move(spec));
  }
}

}  // namespace sluice::config
