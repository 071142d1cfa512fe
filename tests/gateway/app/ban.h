#pragma once

// Bans of one app for tests of the application.

#include <initializer_list>
#include <string>
#include <string_view>

#include "filters/match/domain_set_builder.h"
#include "gateway/app/setup.h"

namespace sluice::test {

// Names of the app `chat`, from line 1 of the list `chat` on; `@@name` is an exception. The policy
// `office` drops them for every client.
[[nodiscard]] inline app::Ban ban_of(std::initializer_list<std::string_view> entries) {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("chat");
  const match::ListId list = *builder.list("chat");
  std::uint32_t line = 0;
  for (std::string_view entry : entries) {
    const bool excepted = entry.starts_with("@@");
    if (excepted) entry.remove_prefix(2);
    builder
        .add(*name::Name::from_text(entry),
             excepted ? match::EntryKind::exception : match::EntryKind::suffix, app, list, ++line)
        .value();
  }
  policy::Policy office{.name = "office"};
  office.apps.add(app);
  app::Ban ban;
  ban.snapshot = std::make_shared<engine::Snapshot>();
  ban.snapshot->domains = builder.build()->set;
  ban.snapshot->addresses = match::AddressSet(ban.snapshot->domains);
  ban.snapshot->policies = policy::PolicySet({office});
  ban.status.apps = {"chat", "*"};
  ban.status.rules = entries.size();
  return ban;
}

}  // namespace sluice::test
