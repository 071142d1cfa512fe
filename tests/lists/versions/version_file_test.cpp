#include "lists/versions/version_file.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::lists {
namespace {

std::string random_text(std::mt19937_64& random, std::size_t most) {
  std::string text(random() % (most + 1), ' ');
  for (char& c : text) {
    c = static_cast<char>(0x20 + random() % 0x5f);
  }
  return text;
}

std::optional<Purpose> random_purpose(std::mt19937_64& random) {
  const std::uint64_t kind = random() % 4;
  if (kind == 3) return std::nullopt;
  Purpose purpose{.kind = static_cast<MemberKind>(kind)};
  if (purpose.kind != MemberKind::image) purpose.app = "a" + random_text(random, 20);
  return purpose;
}

VersionHead random_head(std::mt19937_64& random) {
  const std::string digest(64, "0123456789abcdef"[random() % 16]);
  VersionHead head{.label = random_text(random, 40),
                   .number = random() % 3 == 0 ? 0 : random(),
                   .digest = digest,
                   .taken = std::chrono::sys_seconds(std::chrono::seconds(random() % (1U << 31))),
                   .validator = random_text(random, 80),
                   .lists = {}};
  if (random() % 2 == 0) {
    head.until = std::chrono::sys_seconds(std::chrono::seconds(random() % (1U << 31)));
  }
  for (std::uint64_t i = random() % 5; i > 0; --i) {
    const auto format = static_cast<Format>(random() % 8);
    head.lists.push_back({digest, random() % 1000,
                          random() % 2 == 0 ? FormatChoice() : FormatChoice(format),
                          random_text(random, 20), random_purpose(random)});
  }
  return head;
}

TEST(VersionFile, ReadsWhatItWrites) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const VersionHead head = random_head(random);
    const std::string text = write_head(head);
    const auto parsed = parse_head(text + random_text(random, 100));
    ASSERT_TRUE(parsed) << parsed.error() << text;
    EXPECT_EQ(parsed->head, head);
    EXPECT_EQ(parsed->size, text.size());
  }
}

TEST(VersionFile, AnyChangedOrMissingByteIsDamage) {
  std::mt19937_64 random(2);
  const std::string text = write_head(random_head(random));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string broken = text;
    broken[i] = static_cast<char>(broken[i] ^ (1 << random() % 8));
    EXPECT_FALSE(parse_head(broken)) << i;
    EXPECT_FALSE(parse_head(text.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace sluice::lists
