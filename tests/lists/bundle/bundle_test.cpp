// What of a bundle is refused, and why. Each case is one way to give a gateway what nobody meant.

#include "lists/bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lists/bundle/signed.h"

namespace sluice::lists {
namespace {

using test::bundle;
using test::kNow;
using test::verdict;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class BundleTest : public testing::Test {
 protected:
  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t where = text.find(from);
    EXPECT_NE(where, std::string::npos) << from;
    return text.replace(where, from.size(), to);
  }

  PrivateKey key_ = test::new_key();
  PrivateKey other_ = test::new_key();
  Trust trust_{.keys = {key_.public_key()}};
  std::string whole_ = bundle(key_);
};

TEST_F(BundleTest, IsTakenWithAllThatWasSigned) {
  const auto taken = verify_bundle(whole_, trust_, kNow);
  ASSERT_TRUE(taken) << taken.error().text;
  EXPECT_EQ(taken->manifest.version, 7U);
  EXPECT_EQ(taken->manifest.author, "Network ops");
  EXPECT_EQ(time_text(taken->manifest.created), "2026-06-01T00:00:00Z");
  EXPECT_EQ(time_text(taken->manifest.valid_until), "2026-07-01T00:00:00Z");
  EXPECT_THAT(taken->contents, ElementsAre(test::kChat, test::kOurs, "image"));
  ASSERT_EQ(taken->manifest.members.size(), 3U);
  EXPECT_EQ(taken->manifest.members[0].app, "chat");
  EXPECT_EQ(taken->manifest.members[0].format, Format::domains);
  EXPECT_EQ(taken->manifest.members[1].kind, MemberKind::exceptions);
  EXPECT_EQ(taken->manifest.members[2].kind, MemberKind::image);
  EXPECT_FALSE(taken->manifest.members[2].format);
  EXPECT_THAT(taken->signers, ElementsAre(key_.public_key().id()));
  EXPECT_THAT(taken->strangers, IsEmpty());
  EXPECT_EQ(taken->digest.size(), 64U);
  for (const std::string_view content : taken->contents) {
    EXPECT_GE(content.data(), whole_.data());
    EXPECT_LE(content.data() + content.size(), whole_.data() + whole_.size());
  }
}

TEST_F(BundleTest, OfAStrangerIsRefused) {
  EXPECT_EQ(verdict(bundle(other_), trust_),
            "untrusted: no trusted key signed it, but " + to_string(other_.public_key().id()));
  EXPECT_THAT(verdict(whole_, {}), StartsWith("untrusted: "));
}

TEST_F(BundleTest, ASignatureUnderATrustedIdIsVerified) {
  const std::string id(as_text(key_.public_key().id().bytes));
  const std::string others(as_text(other_.public_key().id().bytes));
  EXPECT_THAT(verdict(replaced(bundle(other_), others, id), trust_), HasSubstr("is wrong"));
}

TEST_F(BundleTest, ASignatureOfAnotherTextIsWorthNothing) {
  // The same key may sign other things: only what begins with our context counts.
  const auto container = read_container(whole_);
  ASSERT_TRUE(container);
  const std::string manifest(container->manifest);
  const std::string bytes = write_head(manifest, {{key_.public_key().id(), key_.sign(manifest)}});
  EXPECT_THAT(verdict(bytes + std::string(container->members), trust_), StartsWith("untrusted: "));
}

TEST_F(BundleTest, WithoutASignatureIsRefused) {
  const auto container = read_container(whole_);
  ASSERT_TRUE(container);
  EXPECT_EQ(verdict(write_head(container->manifest, {}) + std::string(container->members), trust_),
            "untrusted: nobody signed it");
}

TEST_F(BundleTest, AnyOfSeveralKeysIsEnough) {
  const Trust both{.keys = {other_.public_key(), key_.public_key()}};
  EXPECT_EQ(verdict(whole_, both), "taken");
  EXPECT_EQ(verdict(bundle(other_), both), "taken");
}

TEST_F(BundleTest, KeysAreRotatedByASecondSignature) {
  const auto cosigned = add_signature(whole_, other_);
  ASSERT_TRUE(cosigned) << cosigned.error();
  EXPECT_EQ(verdict(*cosigned, trust_), "taken");
  EXPECT_EQ(verdict(*cosigned, {.keys = {other_.public_key()}}), "taken");
  EXPECT_THAT(verdict(*cosigned, {.keys = {test::new_key().public_key()}}),
              StartsWith("untrusted: "));

  const auto old = verify_bundle(whole_, trust_, kNow);
  const auto now = verify_bundle(*cosigned, trust_, kNow);
  ASSERT_TRUE(old && now);
  EXPECT_EQ(now->digest, old->digest) << "the same bundle";
  EXPECT_THAT(now->signers, ElementsAre(key_.public_key().id()));
  EXPECT_THAT(now->strangers, ElementsAre(other_.public_key().id()));
}

TEST_F(BundleTest, ATrustedSignatureThatIsWrongIsRefusedBesideARightOne) {
  auto cosigned = add_signature(whole_, other_);
  ASSERT_TRUE(cosigned);
  const auto container = read_container(*cosigned);
  ASSERT_TRUE(container);
  const std::size_t last = static_cast<std::size_t>(container->members.data() - cosigned->data());
  (*cosigned)[last - 1] = static_cast<char>((*cosigned)[last - 1] ^ 1);
  EXPECT_EQ(verdict(*cosigned, trust_), "taken") << "of a stranger, nobody can verify it";
  EXPECT_THAT(verdict(*cosigned, {.keys = {key_.public_key(), other_.public_key()}}),
              StartsWith("untrusted: "));
}

TEST_F(BundleTest, AKeySignsOnce) {
  EXPECT_THAT(add_signature(whole_, key_).error(), HasSubstr("has signed it already"));
  const auto container = read_container(whole_);
  ASSERT_TRUE(container);
  const WrittenSignature one{key_.public_key().id(), key_.sign(signed_text(container->manifest))};
  EXPECT_THAT(verdict(write_head(container->manifest, {one, one}), trust_),
              StartsWith("malformed: two signatures of the key "));
}

TEST_F(BundleTest, HasRoomForSixteenSignatures) {
  std::string bytes = whole_;
  for (std::size_t i = 1; i < kMaxSignatures; ++i) {
    bytes = add_signature(bytes, test::new_key()).value();
  }
  EXPECT_EQ(verdict(bytes, trust_), "taken");
  EXPECT_THAT(add_signature(bytes, test::new_key()).error(), HasSubstr("no room"));
}

TEST_F(BundleTest, AnOlderOneIsRefused) {
  trust_.minimum_version = 7;
  EXPECT_EQ(verdict(whole_, trust_), "taken");
  trust_.minimum_version = 8;
  EXPECT_EQ(verdict(whole_, trust_), "older: version 7, and at least 8 is wanted");
  EXPECT_TRUE(open_bundle(whole_, trust_.keys)) << "it can still be shown";
}

TEST_F(BundleTest, IsTakenFromItsCreationToItsEnd) {
  EXPECT_THAT(verdict(whole_, trust_, test::at("2026-05-31T23:54:59Z")), StartsWith("not_yet: "));
  EXPECT_EQ(verdict(whole_, trust_, test::at("2026-05-31T23:55:00Z")), "taken");
  EXPECT_EQ(verdict(whole_, trust_, test::at("2026-06-30T23:59:59Z")), "taken");
  EXPECT_EQ(verdict(whole_, trust_, test::at("2026-07-01T00:00:00Z")),
            "expired: version 7 was valid until 2026-07-01T00:00:00Z");
  EXPECT_TRUE(open_bundle(whole_, trust_.keys)) << "the last good one stays in force";
}

TEST_F(BundleTest, TimesBeyondThoseOfTheClockAreTimes) {
  Manifest far = test::manifest();
  far.valid_until = test::at("9999-12-31T23:59:59Z");
  EXPECT_EQ(verdict(bundle(key_, far), trust_), "taken");
  far.created = test::at("9999-12-31T23:59:58Z");
  EXPECT_THAT(verdict(bundle(key_, far), trust_), StartsWith("not_yet: "));
}

TEST_F(BundleTest, AMemberThatWasReplacedIsRefused) {
  EXPECT_EQ(verdict(replaced(whole_, "chat.example\n", "chap.example\n"), trust_),
            "digest: its member chat.list does not have the digest that was signed");
}

TEST_F(BundleTest, MembersThatChangedPlacesAreRefused) {
  auto swapped = replaced(whole_, test::kChat + test::kOurs, test::kOurs + test::kChat);
  EXPECT_THAT(verdict(swapped, trust_), StartsWith("digest: "));
}

TEST_F(BundleTest, BytesBehindTheEndAreRefused) {
  EXPECT_EQ(verdict(whole_ + "x", trust_), "malformed: 1 bytes behind its last member");
}

TEST_F(BundleTest, ACutIsTruncated) {
  EXPECT_EQ(verdict("", trust_), "truncated: cut off: it has only 0 bytes");
  EXPECT_THAT(verdict(whole_.substr(0, 5), trust_), StartsWith("truncated: "));
  EXPECT_EQ(verdict(whole_.substr(0, whole_.size() - 1), trust_),
            "truncated: cut off in its member names.image");
}

TEST_F(BundleTest, ACaptivePortalIsNoList) {
  EXPECT_EQ(verdict("\r\n<!DOCTYPE html><html>Sign in</html>", trust_),
            "not_a_list: a web page, not a bundle");
  EXPECT_EQ(verdict("chat.example\n", trust_), "malformed: not a bundle");
}

TEST_F(BundleTest, AnotherFormatVersionIsRefused) {
  whole_[11] = 2;
  EXPECT_EQ(verdict(whole_, trust_),
            "malformed: a bundle of format version 2; this program reads version 1");
}

TEST_F(BundleTest, LengthsAreBoundedBeforeTheyAreBelieved) {
  std::string large = whole_;
  large.replace(12, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(verdict(large, trust_), StartsWith("too_large: its manifest has 4294967295 bytes"));
  large = whole_;
  large.replace(16, 4, "\xff\xff\xff\xff");
  EXPECT_THAT(verdict(large, trust_), StartsWith("too_large: it has 4294967295 signatures"));
}

TEST_F(BundleTest, ASignedManifestStillHasToBeOne) {
  EXPECT_THAT(verdict(test::signed_bytes(key_, "", ""), trust_),
              StartsWith("malformed: its manifest: not JSON"));
  EXPECT_THAT(verdict(test::signed_bytes(key_, "{}", ""), trust_),
              StartsWith("malformed: its manifest: no `version`"));
}

TEST_F(BundleTest, SizesOfMembersAreBounded) {
  const auto container = read_container(whole_);
  ASSERT_TRUE(container);
  const std::string text(container->manifest);
  const std::string size = "\"size\": 13";
  EXPECT_THAT(
      verdict(test::signed_bytes(key_, replaced(text, size, "\"size\": 1073741825"), ""), trust_),
      HasSubstr("`size` is no whole number"));
  EXPECT_THAT(
      verdict(test::signed_bytes(key_, replaced(text, size, "\"size\": 1073741824"), ""), trust_),
      HasSubstr("its members have over 1024 MiB"));
  EXPECT_THAT(
      verdict(test::signed_bytes(key_, replaced(text, size, "\"size\": 1073741000"), ""), trust_),
      StartsWith("truncated: "));
}

TEST_F(BundleTest, WhatNoReaderWouldTakeIsNotMade) {
  const auto made = [&](const Manifest& manifest, const std::vector<NewMember>& members) {
    const auto bytes = make_bundle(manifest, members, key_);
    return bytes ? std::string("made") : bytes.error();
  };
  EXPECT_EQ(made(test::manifest(), test::members()), "made");
  EXPECT_THAT(made(test::manifest(), {}), HasSubstr("`members`"));
  EXPECT_THAT(made(test::manifest(0), test::members()), HasSubstr("`version`"));
  Manifest manifest = test::manifest();
  manifest.author = "\x1b[2J";
  EXPECT_THAT(made(manifest, test::members()), HasSubstr("`author`"));
  manifest.author = "\xff";
  EXPECT_THAT(made(manifest, test::members()), HasSubstr("UTF-8"));
  manifest = test::manifest();
  manifest.valid_until = manifest.created;
  EXPECT_THAT(made(manifest, test::members()), HasSubstr("ends before"));
  auto members = test::members();
  members[1].member.name = members[0].member.name;
  EXPECT_EQ(made(test::manifest(), members), "two members are called chat.list");
}

}  // namespace
}  // namespace sluice::lists
