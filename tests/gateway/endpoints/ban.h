#pragma once

// Bans for tests, without policies.

#include <initializer_list>
#include <memory>
#include <string_view>

#include "filters/match/domain_set_builder.h"
#include "gateway/engine/snapshot.h"

namespace sluice::test {

// One app, with entries as a list of domains writes them: `name`, `=name`, `@@name`, from line 1 of
// the list `chat` on.
[[nodiscard]] inline std::shared_ptr<engine::Snapshot> ban_of(
    std::initializer_list<std::string_view> entries) {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("chat");
  const match::ListId list = *builder.list("chat");
  std::uint32_t line = 0;
  for (std::string_view entry : entries) {
    auto kind = match::EntryKind::suffix;
    if (entry.starts_with("@@")) kind = match::EntryKind::exception;
    if (entry.starts_with("=")) kind = match::EntryKind::exact;
    entry.remove_prefix(kind == match::EntryKind::exception ? 2 : entry.starts_with("=") ? 1 : 0);
    const name::Name name = *name::Name::from_text(entry);
    builder
        .add({.name = name.wire(),
              .kind = kind,
              .is_glob = entry.contains('*'),
              .app = app,
              .list = list,
              .line = ++line})
        .value();
  }
  auto snapshot = std::make_shared<engine::Snapshot>();
  snapshot->domains = builder.build()->set;
  snapshot->addresses = match::AddressSet(snapshot->domains);
  return snapshot;
}

// Suffix rules of several apps; no policy. The apps' ids follow the order in which they appear.
struct RuleOfApp {
  std::string_view app, name;
};
[[nodiscard]] inline std::shared_ptr<engine::Snapshot> ban_of_apps(
    std::initializer_list<RuleOfApp> rules) {
  match::DomainSetBuilder builder({1, 2});
  for (const RuleOfApp& rule : rules) {
    const match::AppId app = *builder.app(rule.app);
    const match::ListId list = *builder.list(rule.app);
    builder.add(*name::Name::from_text(rule.name), match::EntryKind::suffix, app, list, 1).value();
  }
  auto snapshot = std::make_shared<engine::Snapshot>();
  snapshot->domains = builder.build()->set;
  snapshot->addresses = match::AddressSet(snapshot->domains);
  return snapshot;
}

}  // namespace sluice::test
