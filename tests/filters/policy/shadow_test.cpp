// Policies and lists on trial: nothing that is decided depends on them.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "filters/policy/policy.h"

namespace sluice::policy {
namespace {

using match::AppId;
using match::ListId;
using enum match::EntryKind;

name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

const IpAddress kClient = *IpAddress::parse("10.1.2.3");

// Two apps, two lists: `old` is in force, `fresh` is on trial.
class Shadows : public testing::Test {
 protected:
  void add(ListId list, AppId app, match::EntryKind kind, std::string_view name) {
    builder_.add(name_of(name), kind, app, list, ++line_).value();
  }
  [[nodiscard]] Policy policy(std::string name, Action action = Action::drop) const {
    Policy policy{.name = std::move(name), .action = action};
    policy.apps.add(chat_);
    return policy;
  }
  void build() { domains_ = builder_.build()->set; }
  // What a policy with the trial list does, and what the list would do.
  [[nodiscard]] Trial trial(const PolicySet& policies, std::string_view name) const {
    const Decision decided = policies.decide(domains_, kClient, name_of(name));
    return policies.try_shadows(domains_, policies.standing_of(kClient), name_of(name), decided);
  }
  [[nodiscard]] Action action(const PolicySet& policies, std::string_view name) const {
    return policies.decide(domains_, kClient, name_of(name)).action;
  }

  match::DomainSetBuilder builder_{HashKey{1, 2}};
  AppId chat_ = *builder_.app("chat"), news_ = *builder_.app("news");
  ListId old_ = *builder_.list("old"), fresh_ = *builder_.list("fresh");
  std::uint32_t line_ = 0;
  match::DomainSet domains_;
};

TEST_F(Shadows, AListOnTrialBlocksNothingAndSaysWhatItWouldBlock) {
  add(old_, chat_, suffix, "chat.example");
  add(fresh_, chat_, suffix, "new.example");
  add(fresh_, chat_, exception, "open.chat.example");
  // A shorter, real rule behind a longer one on trial.
  add(fresh_, chat_, suffix, "deep.chat.example");
  build();
  Policy office = policy("office", Action::reject);
  office.shadow_lists.add(fresh_);
  const PolicySet policies({office});
  ASSERT_TRUE(policies.has_shadows());
  EXPECT_EQ(action(policies, "new.example"), Action::allow);
  EXPECT_EQ(action(policies, "open.chat.example"), Action::reject);
  EXPECT_EQ(action(policies, "deep.chat.example"), Action::reject);

  const Trial blocks = trial(policies, "a.new.example");
  EXPECT_TRUE(blocks.lists_differ);
  EXPECT_EQ(blocks.of_lists.action, Action::reject);
  EXPECT_EQ(domains_.rule(blocks.of_lists.rule).list, fresh_);
  const Trial releases = trial(policies, "open.chat.example");
  EXPECT_TRUE(releases.lists_differ);
  EXPECT_EQ(releases.of_lists.action, Action::allow);
  EXPECT_EQ(releases.of_lists.app, chat_);
  EXPECT_TRUE(releases.of_lists.exception.valid());
  // It would do what is done.
  EXPECT_FALSE(trial(policies, "deep.chat.example").lists_differ);
  EXPECT_FALSE(trial(policies, "www.example").lists_differ);
  EXPECT_EQ(policies.shadow_slot(PolicyId{0}), 0U);
}

TEST_F(Shadows, APolicyOnTrialHoldsNoClientAndJudgesBesideTheOther) {
  add(old_, chat_, suffix, "chat.example");
  add(old_, news_, suffix, "news.example");
  build();
  Policy trial_policy{.name = "trial",
                      .clients = {*IpPrefix::parse("10.1.0.0/16")},
                      .action = Action::reject,
                      .shadow = true};
  trial_policy.apps.add(news_);
  const PolicySet policies({trial_policy, policy("office")});
  EXPECT_EQ(policies.name_of(policies.policy_for(kClient)), "office");
  EXPECT_EQ(policies.action_for(kClient), Action::drop);
  EXPECT_EQ(action(policies, "chat.example"), Action::drop);
  EXPECT_EQ(action(policies, "news.example"), Action::allow);
  const Trial would = trial(policies, "news.example");
  EXPECT_TRUE(would.policy_differs);
  EXPECT_FALSE(would.lists_differ);
  EXPECT_EQ(would.of_policy.action, Action::reject);
  EXPECT_EQ(policies.name_of(would.of_policy.policy), "trial");
  EXPECT_FALSE(trial(policies, "chat.example").policy_differs);
  EXPECT_EQ(policies.shadow_slot(PolicyId{0}), 0U);
  EXPECT_EQ(policies.shadow_slot(PolicyId{1}), std::nullopt);
  EXPECT_FALSE(policies.standing_of(*IpAddress::parse("192.0.2.1")).shadow.valid());
}

TEST_F(Shadows, AListIsIdleIfNoPolicyCountsIt) {
  Policy one = policy("one"), two = policy("two");
  one.shadow_lists.add(fresh_);
  EXPECT_TRUE(PolicySet({one}).idle_lists().has(fresh_));
  EXPECT_FALSE(PolicySet({one, two}).idle_lists().has(fresh_));
  two.shadow_lists.add(fresh_);
  two.shadow_lists.add(old_);
  EXPECT_TRUE(PolicySet({one, two}).idle_lists().has(fresh_));
  EXPECT_FALSE(PolicySet({one, two}).idle_lists().has(old_));
  Policy beside = policy("beside");
  beside.shadow = true;
  EXPECT_TRUE(PolicySet({beside, one}).idle_lists().has(fresh_));
}

// Both lists have the entry; either may be on trial.
TEST_F(Shadows, AnEntryOfBothListsStaysInTheOther) {
  builder_.keep_apart(fresh_);
  add(fresh_, chat_, suffix, "chat.example");
  add(old_, chat_, suffix, "chat.example");
  const IpPrefix range = *IpPrefix::parse("203.0.113.0/24");
  builder_.add(range, exact, chat_, fresh_, 3).value();
  builder_.add(range, exact, chat_, old_, 4).value();
  build();
  const match::AddressSet addresses(domains_);
  EXPECT_EQ(domains_.size(), 4U);
  for (const ListId on_trial : {old_, fresh_}) {
    Policy office = policy("office");
    office.shadow_lists.add(on_trial);
    const PolicySet policies({office});
    EXPECT_EQ(action(policies, "www.chat.example"), Action::drop);
    EXPECT_EQ(
        policies.decide(domains_, addresses, PolicyId{0}, *IpAddress::parse("203.0.113.7")).action,
        Action::drop);
    EXPECT_FALSE(trial(policies, "www.chat.example").lists_differ);
  }
}

// Out of its hours a policy holds nobody; a list that is off blocks, releases and tries nothing.
TEST_F(Shadows, WhatTheClockTookOutOfForceIsAsIfItWereNotThere) {
  builder_.keep_apart(fresh_);
  add(fresh_, chat_, suffix, "new.example");
  add(fresh_, chat_, exception, "open.chat.example");
  add(old_, chat_, suffix, "chat.example");
  build();
  Policy office = policy("office"), floor = policy("floor", Action::log);
  office.clients = {*IpPrefix::parse("10.1.0.0/16")};
  ListMask off;
  off.add(fresh_);
  const PolicySet day({office, floor}, off);
  EXPECT_EQ(action(day, "open.chat.example"), Action::drop);
  EXPECT_EQ(action(day, "new.example"), Action::allow);
  EXPECT_TRUE(day.idle_lists().has(fresh_));
  office.in_force = false;
  const PolicySet night({office, floor}, off);
  EXPECT_EQ(night.name_of(night.policy_for(kClient)), "floor");
  EXPECT_EQ(action(night, "chat.example"), Action::log);
  office.in_force = true;
  office.shadow_lists.add(fresh_);
  EXPECT_FALSE(trial(PolicySet({office}, off), "new.example").lists_differ);
}

// Property: decisions are those of a set that lacks what is on trial.
TEST_F(Shadows, DecisionsAreAsIfWhatIsOnTrialWereNotThere) {
  std::mt19937 random(7);
  const auto pick = [&](int count) {
    return static_cast<int>(random() % static_cast<unsigned>(count));
  };
  const auto some_name = [&] {
    std::string name = std::string(1, static_cast<char>('a' + pick(3)));
    for (int labels = pick(3); labels > 0; --labels) {
      name = std::string(1, static_cast<char>('a' + pick(3))) + "." + name;
    }
    return name;
  };
  for (int round = 0; round < 200; ++round) {
    match::DomainSetBuilder both({1, 2}), real({1, 2});
    for (auto* builder : {&both, &real}) {
      static_cast<void>(builder->app("chat"));
      static_cast<void>(builder->app("news"));
      static_cast<void>(builder->list("old"));
      static_cast<void>(builder->list("fresh"));
      if (builder == &both) builder->keep_apart(fresh_);
    }
    for (std::uint32_t i = 1; i <= 20; ++i) {
      const name::Name name = name_of(some_name());
      const auto kind = static_cast<match::EntryKind>(pick(6));
      const AppId app{static_cast<std::uint8_t>(pick(2))};
      const bool is_fresh = pick(2) == 0;
      both.add(name, kind, app, is_fresh ? fresh_ : old_, i).value();
      if (!is_fresh) real.add(name, kind, app, old_, i).value();
    }
    const match::DomainSet with = both.build()->set, without = real.build()->set;
    Policy trial_policy = policy("trial", Action::reject);
    trial_policy.shadow = true;
    Policy office = policy("office");
    const PolicySet plain({office});
    office.shadow_lists.add(fresh_);
    const PolicySet shadowed({trial_policy, office});
    for (int i = 0; i < 40; ++i) {
      const name::Name name = name_of(some_name());
      const Decision a = shadowed.decide(with, kClient, name);
      const Decision b = plain.decide(without, kClient, name);
      ASSERT_EQ(a.action, b.action) << "round " << round;
      ASSERT_EQ(a.app, b.app) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace sluice::policy
