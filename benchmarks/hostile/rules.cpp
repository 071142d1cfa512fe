#include "benchmarks/hostile/rules.h"

#include "benchmarks/matcher/random.h"
#include "benchmarks/micro/check.h"
#include "filters/match/domain_set_builder.h"
#include "filters/match/pseudo_name.h"
#include "filters/name/name.h"

namespace sluice::bench {
namespace {

name::Name name_of(std::string_view text) {
  const auto name = name::Name::from_text(text);
  check(name.has_value(), "a name of the rules");
  return *name;
}

}  // namespace

std::string rule_text(std::size_t number) {
  constexpr const char* kTops[] = {"com", "net", "org", "cn", "io", "app", "top", "xyz"};
  Random random(number);
  std::string text;
  for (int i = 0; i < 12; ++i) text += static_cast<char>('a' + random.below(26));
  return text + "." + kTops[random.below(std::size(kTops))];
}

engine::Snapshot make_rules() {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("banned");
  const match::ListId list = *builder.list("hostile", "1");
  std::uint32_t line = 0;
  const auto add = [&](const name::Name& name, match::EntryKind kind) {
    check(builder.add(name, kind, app, list, ++line).has_value(), "a rule");
  };
  for (std::size_t i = 0; i < kRules; ++i) {
    add(name_of(rule_text(i)), match::EntryKind::suffix);
  }
  add(name_of(kBanned), match::EntryKind::suffix);
  // Patterns with one star, as in real lists, and expensive ones with several.
  for (const char* pattern : {"p16-app-*", "p19-app-*", "v*-cdn", "*a*a*a*a*a*b", "*aa*aa*aa*b"}) {
    const std::string text = std::string(pattern) + "." + std::string(kGlobSuffix);
    const name::Name name = name_of(text);
    check(builder
              .add({.name = name.wire(),
                    .kind = match::EntryKind::suffix,
                    .is_glob = true,
                    .app = app,
                    .list = list,
                    .line = ++line})
              .has_value(),
          "a glob");
  }
  for (int i = 0; i < 256; ++i) {
    const std::string range = "198.18." + std::to_string(i) + ".0/25";
    check(builder.add(*IpPrefix::parse(range), match::EntryKind::exact, app, list, ++line)
              .has_value(),
          "a range");
  }
  engine::Snapshot rules;
  policy::Policy policy{.name = "default"};
  policy.apps.add(app);
  policy.clients.push_back(*IpPrefix::parse("10.0.0.0/8"));
  rules.policies = policy::PolicySet({policy});
  auto built = builder.build();
  check(built.has_value(), "the set of rules");
  rules.domains = std::move(built->set);
  rules.addresses = match::AddressSet(rules.domains);
  // Else no answer would fill the table of leases.
  rules.dns.trusted[0] = *IpPrefix::parse("198.51.100.53/32");
  rules.dns.trusted_count = 1;
  return rules;
}

std::shared_ptr<const engine::Snapshot> with_ech(const engine::Snapshot& rules, policy::Ech ech) {
  auto snapshot = std::make_shared<engine::Snapshot>(rules);
  snapshot->fallbacks.ech = ech;
  return snapshot;
}

}  // namespace sluice::bench
