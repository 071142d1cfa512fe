// Properties of all bundles: no byte of one can be changed, and what was put in comes out.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "lists/compile/digest.h"
#include "tests/lists/bundle/signed.h"

namespace sluice::lists {
namespace {

using Chance = std::mt19937_64;

std::size_t below(Chance& chance, std::size_t end) {
  return static_cast<std::size_t>(chance() % end);
}

std::string random_text(Chance& chance, std::string_view signs, std::size_t most) {
  std::string text;
  for (std::size_t left = below(chance, most + 1); left > 0; --left) {
    text += signs[below(chance, signs.size())];
  }
  return text;
}

constexpr std::string_view kSafe = "abcXYZ019._+-";
constexpr std::string_view kPrintable = "ab \"\\/<>{}[]*:,'0";

Manifest random_manifest(Chance& chance) {
  Manifest manifest;
  manifest.version = 1 + chance() % kMaxVersion;
  constexpr std::uint64_t kLast = 253'402'300'799;  // the end of 9999
  const auto seconds = [](std::uint64_t count) {
    return std::chrono::sys_seconds(std::chrono::seconds(count));
  };
  const std::uint64_t created = chance() % kLast;
  manifest.created = seconds(created);
  manifest.valid_until = seconds(created + 1 + chance() % (kLast - created));
  manifest.author = random_text(chance, kPrintable, kMaxAuthor);
  return manifest;
}

Member random_member(Chance& chance, std::size_t number) {
  Member member;
  member.name = std::to_string(number) + random_text(chance, kSafe, 20);
  member.kind = static_cast<MemberKind>(below(chance, 3));
  if (member.kind == MemberKind::image) return member;
  member.app = "a" + random_text(chance, kPrintable, kMaxApp - 1);
  member.format = static_cast<Format>(below(chance, 8));
  return member;
}

TEST(BundleProperties, WhateverIsPutInComesOut) {
  Chance chance(1);
  const PrivateKey key = test::new_key();
  for (int round = 0; round < 300; ++round) {
    Manifest manifest = random_manifest(chance);
    std::vector<std::string> contents(1 + below(chance, 12));
    std::vector<NewMember> members;
    for (std::string& content : contents) {
      for (std::size_t left = below(chance, 100); left > 0; --left) {
        content += static_cast<char>(chance());
      }
      members.push_back({random_member(chance, members.size()), content});
    }
    const auto bytes = make_bundle(manifest, members, key);
    ASSERT_TRUE(bytes) << bytes.error();
    const auto read = open_bundle(*bytes, {key.public_key()});
    ASSERT_TRUE(read) << read.error().text;
    for (const NewMember& one : members) {
      manifest.members.push_back(one.member);
      manifest.members.back().size = one.content.size();
      manifest.members.back().sha256 = to_hex(sha256(as_bytes(one.content)));
    }
    EXPECT_EQ(read->manifest, manifest);
    EXPECT_TRUE(std::ranges::equal(read->contents, contents));
    EXPECT_EQ(date_refusal(manifest, manifest.version, manifest.created), std::nullopt);
    EXPECT_EQ(date_refusal(manifest, manifest.version + 1, manifest.created)->reason,
              RefusalReason::older);
    EXPECT_EQ(date_refusal(manifest, 0, manifest.valid_until)->reason, RefusalReason::expired);
  }
}

TEST(BundleProperties, NoBitCanBeFlipped) {
  const PrivateKey key = test::new_key();
  const Trust trust{.keys = {key.public_key()}};
  std::string bytes = test::bundle(key);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
      EXPECT_FALSE(verify_bundle(bytes, trust, test::kNow)) << i << ", bit " << bit;
      bytes[i] = static_cast<char>(bytes[i] ^ 1 << bit);
    }
  }
  EXPECT_TRUE(verify_bundle(bytes, trust, test::kNow));
}

// A signature of a key that is not trusted cannot be verified, and changes nothing that is
// believed.
TEST(BundleProperties, AFlippedBitInAStrangersSignatureChangesNothing) {
  const PrivateKey key = test::new_key();
  const Trust trust{.keys = {key.public_key()}};
  std::string bytes = add_signature(test::bundle(key), test::new_key()).value();
  const auto whole = verify_bundle(bytes, trust, test::kNow);
  ASSERT_TRUE(whole);
  const Manifest manifest = whole->manifest;
  int taken = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    if (const auto read = verify_bundle(bytes, trust, test::kNow)) {
      ++taken;
      EXPECT_EQ(read->manifest, manifest);
      EXPECT_EQ(read->contents.front(), test::kChat);
    }
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
  }
  EXPECT_EQ(taken, 8 + 64) << "its key id, its signature";
}

TEST(BundleProperties, NoCutIsTaken) {
  const PrivateKey key = test::new_key();
  const Trust trust{.keys = {key.public_key()}};
  const std::string bytes = test::bundle(key);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A copy of that size, so that the address sanitizer sees a read behind it.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto read = verify_bundle({cut.data(), cut.size()}, trust, test::kNow);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().reason, RefusalReason::truncated) << size;
  }
}

TEST(BundleProperties, NothingCanBePutInOrTakenOut) {
  Chance chance(2);
  const PrivateKey key = test::new_key();
  const Trust trust{.keys = {key.public_key()}};
  const std::string whole = test::bundle(key);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = whole;
    const std::size_t where = below(chance, bytes.size() + 1);
    if (chance() % 2 == 0) {
      bytes.insert(where, 1 + below(chance, 100), static_cast<char>(chance()));
    } else {
      bytes.erase(where, 1 + below(chance, 100));
    }
    if (bytes == whole) continue;
    EXPECT_FALSE(verify_bundle(bytes, trust, test::kNow)) << where;
  }
}

}  // namespace
}  // namespace sluice::lists
