#include "lists/versions/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lists/bundle/bundle.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using std::chrono::hours;

class IntakeTest : public test::ListFolder {
 protected:
  IntakeTest() { EXPECT_TRUE(store_.prepare()); }

  [[nodiscard]] std::string bundle(std::uint64_t version, const PrivateKey& key,
                                   const std::string& text = "bad.example\n") const {
    Manifest manifest{
        .version = version,
        .created = std::chrono::time_point_cast<std::chrono::seconds>(now_),
        .valid_until = std::chrono::time_point_cast<std::chrono::seconds>(now_ + hours(48)),
        .author = "",
        .members = {}};
    const Member member{
        .name = "chat.list", .app = "chat", .format = Format::domains, .sha256 = ""};
    return *make_bundle(manifest, {{member, text}}, key);
  }
  // What becomes of it; nothing: it is known. `storage`, which is not tested here: a candidate.
  std::optional<RefusalReason> take(const Intake& intake, std::string bytes) {
    auto taken = intake.take({.bytes = std::move(bytes)}, now_);
    if (!taken) return taken.error().reason;
    if (!*taken) return std::nullopt;
    EXPECT_TRUE(store_.accept((*taken)->file));
    return RefusalReason::storage;
  }

  static constexpr RefusalReason kTaken = RefusalReason::storage;
  VersionStore store_{folder() / "store", 5};
  PrivateKey key_ = *PrivateKey::generate();
  Intake plain_{store_, {}};
  Intake signed_{store_, {key_.public_key()}};
  Intake::Time now_{hours(24 * 365 * 50)};
};

TEST_F(IntakeTest, TakesAPlainListOnce) {
  EXPECT_EQ(take(plain_, "a.example\n"), kTaken);
  EXPECT_EQ(take(plain_, "a.example\n"), std::nullopt);
  EXPECT_EQ(take(plain_, "b.example\n"), kTaken);
  EXPECT_EQ(take(plain_, "a.example\n"), kTaken) << "its publisher went back";
  EXPECT_EQ(take(plain_, " <html>"), RefusalReason::not_a_list);
  EXPECT_EQ(take(plain_, std::string("\0\1", 2)), RefusalReason::not_a_list);
  EXPECT_EQ(take(plain_, "\n \n"), RefusalReason::not_a_list);
  EXPECT_EQ(take(plain_, bundle(1, key_)), RefusalReason::untrusted) << "no keys";
}

TEST_F(IntakeTest, WithKeysItTakesBundlesThatRise) {
  EXPECT_EQ(take(signed_, bundle(7, key_)), kTaken);
  EXPECT_EQ(take(signed_, bundle(7, key_)), std::nullopt);
  EXPECT_EQ(take(signed_, bundle(7, key_, "other.example\n")), RefusalReason::digest);
  EXPECT_EQ(take(signed_, bundle(6, key_)), RefusalReason::older);
  EXPECT_EQ(take(signed_, bundle(8, *PrivateKey::generate())), RefusalReason::untrusted);
  EXPECT_EQ(take(signed_, bundle(8, key_, "c.example\n").substr(0, 200)), RefusalReason::truncated);
  EXPECT_NE(take(signed_, "a.example\n"), kTaken) << "no signature";
  EXPECT_EQ(take(signed_, bundle(8, key_, "c.example\n")), kTaken);
  const Version version = *store_.in_force();
  EXPECT_EQ(VersionStore::read(version, *VersionStore::find(version, "chat")), "c.example\n");
  EXPECT_EQ(version.head.until, std::chrono::floor<std::chrono::seconds>(now_) + hours(48));
}

// The configuration says later what it takes of them.
TEST_F(IntakeTest, KeepsWhatTheMembersAreFor) {
  const auto make = [&](std::vector<NewMember> members) {
    return *make_bundle({.version = 1,
                         .created = std::chrono::floor<std::chrono::seconds>(now_),
                         .valid_until = std::chrono::floor<std::chrono::seconds>(now_) + hours(1),
                         .author = "",
                         .members = {}},
                        members, key_);
  };
  const NewMember chat{{.name = "chat.list", .app = "chat", .format = Format::hosts}, "c"};
  const NewMember ours{
      {.name = "ours", .kind = MemberKind::exceptions, .app = "*", .format = Format::domains}, "o"};
  const NewMember names{{.name = "names.image", .kind = MemberKind::image}, "image"};
  const NewMember twin{{.name = "chat.image", .kind = MemberKind::image}, "image"};
  EXPECT_EQ(take(signed_, make({chat, twin})), RefusalReason::unusable) << "two called chat";
  ASSERT_EQ(take(signed_, make({chat, ours, names})), kTaken);
  std::vector<std::pair<std::string, std::optional<Purpose>>> kept;
  const Version version = *store_.in_force();
  for (const ListPart& part : version.head.lists) {
    kept.emplace_back(part.name, part.purpose);
  }
  EXPECT_THAT(kept,
              testing::ElementsAre(testing::Pair("chat", Purpose{MemberKind::list, "chat"}),
                                   testing::Pair("ours", Purpose{MemberKind::exceptions, "*"}),
                                   testing::Pair("names", Purpose{MemberKind::image, {}})));
  EXPECT_EQ(version.head.lists[0].format, Format::hosts);
}

TEST_F(IntakeTest, AClockThatWasSetBackRefusesTheUpdateAlone) {
  const std::string first = bundle(1, key_);
  const std::string second = bundle(2, key_, "b.example\n");
  EXPECT_EQ(take(signed_, first), kTaken);
  const auto right = std::exchange(now_, now_ - hours(24));
  EXPECT_EQ(take(signed_, second), RefusalReason::not_yet);
  EXPECT_TRUE(passes_with_time(RefusalReason::not_yet)) << "so it is asked for again";
  EXPECT_TRUE(store_.in_force());
  now_ = right + hours(49);
  EXPECT_EQ(take(signed_, second), RefusalReason::expired);
  now_ = right;
  EXPECT_EQ(take(signed_, second), kTaken);
  now_ = {};  // 1970
  EXPECT_EQ(take(plain_, "plain.example\n"), kTaken);
}

TEST_F(IntakeTest, WhatWasRolledBackFromIsHeld) {
  for (const char* text : {"a.example\n", "b.example\n", "c.example\n"}) {
    EXPECT_EQ(take(plain_, text), kTaken);
  }
  ASSERT_TRUE(store_.pin(1));
  EXPECT_EQ(take(plain_, "c.example\n"), std::nullopt) << "the newest, and not in force";
  EXPECT_EQ(take(plain_, "b.example\n"), RefusalReason::held);
  EXPECT_EQ(store_.in_force()->number, 1U);
  EXPECT_EQ(take(plain_, "d.example\n"), kTaken) << "newer than what was rolled back from";
  EXPECT_FALSE(store_.pinned());
}

}  // namespace
}  // namespace sluice::lists
