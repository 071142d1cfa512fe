#pragma once

// Bans of one app for tests of the application.

#include <initializer_list>
#include <string_view>

#include "gateway/app/setup.h"
#include "tests/gateway/endpoints/ban.h"

namespace sluice::test {

// The entries of ban_of(), which the policy `office` drops for every client.
[[nodiscard]] inline app::Ban office_ban(std::initializer_list<std::string_view> entries) {
  policy::Policy office{.name = "office"};
  office.apps.add(match::AppId{0});
  app::Ban ban;
  ban.snapshot = ban_of(entries);
  ban.snapshot->policies = policy::PolicySet({office});
  ban.banned = app::banned_apps(ban.snapshot->domains);
  ban.status.apps = {"chat", "*"};
  ban.status.rules = entries.size();
  return ban;
}

}  // namespace sluice::test
