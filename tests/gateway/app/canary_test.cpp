#include "gateway/app/canary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "filters/match/domain_set_builder.h"

namespace sluice::app {
namespace {

using engine::NameSample;
using match::EntryKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr HashKey kKey{3, 4};

name::Name name_of(const std::string& text) {
  return *name::Name::from_text(text);
}

struct Entry {
  std::string name;
  EntryKind kind = EntryKind::suffix;  // an exemption is from the entry before it
  std::string app = "chat";
};

engine::Snapshot snapshot_of(const std::vector<Entry>& entries,
                             const std::string& policy = "office") {
  match::DomainSetBuilder builder(HashKey{1, 2});
  const auto list = *builder.list("test");
  policy::Policy office{.name = policy};
  office.apps.add(*builder.app("chat"));
  static_cast<void>(*builder.app("game"));  // banned for nobody
  std::uint32_t line = 0;
  for (const Entry& it : entries) {
    if (it.kind != EntryKind::exemption) ++line;
    const name::Name name = name_of(it.name);
    EXPECT_TRUE(builder.add({.name = name.wire(),
                             .kind = it.kind,
                             .is_glob = it.name.contains('*'),
                             .app = *builder.app(it.app),
                             .list = list,
                             .line = line}));
  }
  engine::Snapshot snapshot;
  snapshot.domains = builder.build()->set;
  snapshot.policies = policy::PolicySet({office});
  return snapshot;
}

std::vector<NameSample::Weighted> read(const NameSample& sample) {
  std::vector<NameSample::Weighted> entries;
  sample.read(entries);
  return entries;
}

TEST(Canary, SaysWhichRuleWouldBlockMuch) {
  NameSample sample(kKey);
  for (int i = 0; i < 300; ++i) {
    sample.offer(name_of("n" + std::to_string(i) + (i < 100 ? ".popular.example" : ".other.test")),
                 "office", Nanos(0));
  }
  const Canary canary = try_canary(
      snapshot_of({}), snapshot_of({{.name = "popular.example"}, {.name = "n7.other.test"}}),
      read(sample), kKey);
  EXPECT_NEAR(canary.newly.of_names, 1.0 / 3, 1e-9);
  EXPECT_THAT(canary.newly.rules, ElementsAre("popular.example"));
  const auto refusal = canary_refusal(canary, 5);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, "canary");
  EXPECT_THAT(refusal->text, HasSubstr("33 % of the names seen of late"));
  EXPECT_FALSE(canary_refusal(canary, 34));
  EXPECT_FALSE(canary_refusal(canary, 100));
  const auto rolled_back = try_canary(snapshot_of({}), snapshot_of({{.name = "popular.example"}}),
                                      read(sample), kKey, {"test"});
  EXPECT_FALSE(canary_refusal(rolled_back, 0));
}

TEST(Canary, SaysNothingOfFewNames) {
  NameSample sample(kKey);
  for (std::size_t i = 0; i + 1 < kLeastSampled; ++i) {
    sample.offer(name_of("a.example"), "office", Nanos(0));
  }
  const auto canary =
      try_canary(snapshot_of({}), snapshot_of({{.name = "example"}}), read(sample), kKey);
  EXPECT_FALSE(canary_refusal(canary, 0));
}

TEST(Canary, ForgetsNamesOfOldEpochs) {
  NameSample sample(kKey);
  for (int i = 0; i < 5000; ++i) sample.offer(name_of("old.example"), "office", Nanos(0));
  EXPECT_EQ(read(sample).size(), NameSample::kEntries);
  sample.offer(name_of("new.example"), "office", NameSample::kEpoch);
  EXPECT_EQ(read(sample).size(), NameSample::kEntries + 1);
  sample.offer(name_of("new.example"), "office", NameSample::kEpoch * 2);
  EXPECT_EQ(read(sample).size(), 2U);
  // After a pause of several epochs that leaves the other half as it was.
  sample.offer(name_of("new.example"), "office", NameSample::kEpoch * 7);
  EXPECT_EQ(read(sample).size(), 1U);
}

TEST(Canary, ASampleOfManyNamesIsUniform) {
  NameSample sample(kKey);
  for (int i = 0; i < 40'000; ++i) {
    sample.offer(name_of(i % 4 == 0 ? "a.popular.example" : "b.test"), "office", Nanos(0));
  }
  const auto canary =
      try_canary(snapshot_of({}), snapshot_of({{.name = "popular.example"}}), read(sample), kKey);
  EXPECT_NEAR(canary.newly.of_names, 0.25, 0.08);
}

// A third of the names is below popular.example.
std::vector<NameSample::Weighted> sample_of(const std::string& policy = "office") {
  NameSample sample(kKey);
  for (int i = 0; i < 300; ++i) {
    sample.offer(name_of("n" + std::to_string(i) + (i < 100 ? ".popular.example" : ".other.test")),
                 policy, Nanos(0));
  }
  return read(sample);
}

TEST(Canary, NamesThatARuleExemptsAreNotBlockedByIt) {
  const Entry blocks{.name = "example"};
  const Entry exempts{.name = "popular.example", .kind = EntryKind::exemption};
  const auto spared =
      try_canary(snapshot_of({}), snapshot_of({blocks, exempts}), sample_of(), kKey);
  EXPECT_EQ(spared.newly.of_names, 0);
  const auto lost =
      try_canary(snapshot_of({blocks, exempts}), snapshot_of({blocks}), sample_of(), kKey);
  EXPECT_NEAR(lost.newly.of_names, 1.0 / 3, 1e-9);
}

// A hash says nothing of the part of a label.
TEST(Canary, SaysWhatNewGlobsMayBlockAtMost) {
  const Entry glob{.name = "x*.popular.example"};
  const auto canary = try_canary(snapshot_of({}), snapshot_of({glob}), sample_of(), kKey);
  EXPECT_EQ(canary.newly.of_names, 0);
  EXPECT_NEAR(canary.globs.of_names, 1.0 / 3, 1e-9);
  EXPECT_FALSE(canary_refusal(canary, 5));
  EXPECT_THAT(canary_notes(canary, 5),
              ElementsAre(HasSubstr("at most 33 % of the names seen of late, by "
                                    "x*.popular.example")));
  EXPECT_THAT(canary_notes(canary, 34), IsEmpty());
  EXPECT_THAT(canary_notes(canary, 100), IsEmpty());
  const auto same = try_canary(snapshot_of({glob}), snapshot_of({glob}), sample_of(), kKey);
  EXPECT_EQ(same.globs.of_names, 0) << "it was there before";
  const auto longer = try_canary(snapshot_of({}), snapshot_of({{.name = "x*.y*.popular.example"}}),
                                 sample_of(), kKey);
  EXPECT_EQ(longer.globs.of_names, 0) << "no name has so many labels";
}

TEST(Canary, SaysWhatANewPolicyWouldBlock) {
  const Entry popular{.name = "popular.example"};
  const auto other = snapshot_of({popular}, "lab");
  // The policy that the names were judged under stays, and does not ban the app.
  engine::Snapshot next = snapshot_of({popular}, "lab");
  next.policies = policy::PolicySet({other.policies.all()[0], policy::Policy{.name = "office"}});
  const auto canary = try_canary(snapshot_of({popular}), next, sample_of("guests"), kKey);
  EXPECT_EQ(canary.newly.of_names, 0);
  EXPECT_EQ(canary.policy_name, "lab");
  EXPECT_NEAR(canary.policy.of_names, 1.0 / 3, 1e-9);
  EXPECT_FALSE(canary_refusal(canary, 5));
  EXPECT_THAT(canary_notes(canary, 5), ElementsAre(HasSubstr("the policy lab is new: ")));
  // Another name for the same.
  const auto renamed = try_canary(snapshot_of({popular}), other, sample_of(), kKey);
  EXPECT_EQ(renamed.policy.of_names, 0);
}

// The same as if every name were judged by both sets; of globs, in between.
TEST(Canary, AgreesWithANaiveCount) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t count) { return random() % count; };
  const auto random_name = [&] {
    std::string text(1, static_cast<char>('a' + pick(3)));
    for (std::size_t labels = pick(4); labels > 0; --labels) {
      text += std::string(".") + static_cast<char>('a' + pick(3));
    }
    return text;
  };
  const auto random_entries = [&] {
    std::vector<Entry> entries(pick(12));
    for (Entry& it : entries) {
      it = {random_name(), static_cast<EntryKind>(pick(match::kEntryKinds)),
            pick(3) == 0 ? "game" : "chat"};
      if (match::is_exception(it.kind) && pick(2) == 0) it.app = "*";
    }
    return entries;
  };
  for (int round = 0; round < 300; ++round) {
    const auto old = snapshot_of(random_entries());
    auto entries = random_entries();
    for (std::size_t globs = pick(3); globs > 0; --globs) {
      entries.push_back({.name = (pick(2) == 0 ? "a*." : "b.*.") + random_name(),
                         .kind = static_cast<EntryKind>(pick(2))});
    }
    const auto next = snapshot_of(entries);
    NameSample sample(kKey);
    int newly = 0;
    constexpr int kNames = 400;
    for (int i = 0; i < kNames; ++i) {
      const name::Name name = name_of(random_name());
      sample.offer(name, "office", Nanos(0));
      const auto blocks = [&](const engine::Snapshot& it) {
        return it.policies.decide(it.domains, policy::PolicyId{0}, name).rule.valid();
      };
      newly += blocks(next) && !blocks(old) ? 1 : 0;
    }
    const Canary canary = try_canary(old, next, read(sample), kKey);
    ASSERT_EQ(canary.sampled, std::size_t{kNames});
    ASSERT_LE(canary.newly.of_names * kNames, newly + 1e-6) << "round " << round;
    ASSERT_GE((canary.newly.of_names + canary.globs.of_names) * kNames, newly - 1e-6)
        << "round " << round;
    if (canary.globs.rules.empty()) {
      ASSERT_NEAR(canary.newly.of_names * kNames, newly, 1e-6) << "round " << round;
    }
  }
}

// For the thread sanitizer; and what is read is whole.
TEST(Canary, IsReadWhileNamesAreSampled) {
  NameSample sample(kKey);
  const auto hash = NameSample::hash(kKey, as_bytes("office"));
  {
    const std::jthread worker([&] {
      for (int i = 0; i < 20'000; ++i) {
        sample.offer(name_of("n" + std::to_string(i) + ".example"), "office", Nanos(0));
      }
    });
    for (int i = 0; i < 20; ++i) {
      for (const auto& it : read(sample)) EXPECT_EQ(it.entry.policy, hash);
    }
  }
  EXPECT_EQ(read(sample).size(), NameSample::kEntries);
}

}  // namespace
}  // namespace sluice::app
