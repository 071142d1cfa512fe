#include "lists/versions/version_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lists/versions/version_source.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

class VersionStoreTest : public test::ListFolder {
 protected:
  VersionStoreTest() { EXPECT_TRUE(store_.prepare()); }

  static VersionHead head(char digit, std::uint64_t number = 0) {
    return {.label = std::string("L") + digit,
            .number = number,
            .digest = std::string(64, digit),
            .taken = {},
            .validator = {},
            .lists = {}};
  }
  void accept(char digit, std::uint64_t number = 0) {
    const auto file = store_.put_candidate(head(digit, number), texts(digit));
    ASSERT_TRUE(file) << file.error();
    ASSERT_TRUE(store_.accept(*file));
  }
  static std::vector<NamedList> texts(char digit) {
    return {{"chat", Format::hosts, std::string("chat") + digit},
            {"other", {}, std::string("other") + digit}};
  }
  [[nodiscard]] std::string in_force() const {
    const auto version = store_.in_force();
    return version ? version->head.label : "none";
  }
  const VersionStore store_{folder() / "store", 3};
};

TEST_F(VersionStoreTest, KeepsTheLastVersions) {
  EXPECT_EQ(in_force(), "none");
  for (const char digit : {'1', '2', '3', '4', '5'}) accept(digit);
  EXPECT_EQ(in_force(), "L5");
  ASSERT_EQ(store_.versions().size(), 3U);
  EXPECT_EQ(store_.versions().back().head.label, "L3");
  const auto text = VersionStore::read(*store_.in_force(), "other");
  ASSERT_TRUE(text && *text);
  EXPECT_EQ((*text)->text, "other5");
  EXPECT_FALSE(*VersionStore::read(*store_.in_force(), "third"));
}

TEST_F(VersionStoreTest, ACandidateIsNoVersion) {
  accept('1');
  ASSERT_TRUE(store_.put_candidate(head('2'), texts('2')));
  EXPECT_EQ(in_force(), "L1");
  ASSERT_TRUE(store_.prepare());  // the next process
  EXPECT_EQ(in_force(), "L1");
}

TEST_F(VersionStoreTest, RollsBackUntilSomethingNewIsAccepted) {
  for (const char digit : {'1', '2', '3'}) accept(digit);
  ASSERT_TRUE(store_.pin(2));
  EXPECT_EQ(in_force(), "L2");
  ASSERT_TRUE(store_.unpin());
  EXPECT_EQ(in_force(), "L3");
  ASSERT_TRUE(store_.pin(1));
  accept('4');
  EXPECT_EQ(in_force(), "L4");
  EXPECT_FALSE(store_.pinned());
}

TEST_F(VersionStoreTest, ADamagedVersionIsSaidAndSkipped) {
  accept('1');
  accept('2', 7);
  const auto file = store_.in_force()->file;
  std::string text;
  {
    std::ifstream stream(file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(stream), {});
  }
  for (std::size_t i = 0; i < text.size(); i += 7) {
    std::string broken = text;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    std::filesystem::remove(file.string() + ".damaged");
    std::ofstream(file, std::ios::binary) << broken;
    const auto lines = store_.prepare();
    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 1U) << i;
    EXPECT_THAT(lines->front(), testing::HasSubstr("set aside"));
    EXPECT_EQ(in_force(), "L1");
    EXPECT_EQ(store_.highest().number, 7U) << "it still cannot be rolled back by others";
  }
}

TEST_F(VersionStoreTest, ListsReadTheVersionInForceOrTheirFile) {
  const auto file = write("fallback.list", "fallback.example\n");
  const Source chat = version_source(store_.folder(), "src", "chat", file);
  const Source none = version_source(store_.folder(), "src", "third", {});
  EXPECT_EQ(chat.read()->bytes, "fallback.example\n");
  EXPECT_EQ(none.read()->bytes, "");
  accept('1');
  accept('2');
  EXPECT_EQ(chat.read()->bytes, "chat2");
  EXPECT_EQ(chat.read()->format, Format::hosts);
  ASSERT_TRUE(store_.pin(1));
  EXPECT_EQ(chat.read()->bytes, "chat1");
}

// As on a full disk: no byte more can be written.
TEST_F(VersionStoreTest, AFullDiskLeavesAllAsItWas) {
  accept('1');
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 100, .rlim_max = 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(store_.put_candidate(head('2'), texts('2')) ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(in_force(), "L1");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store_.folder()), {}), 1)
      << "no leftovers";
}

// Killed at any moment, the folder holds the versions before or one more, whole.
TEST_F(VersionStoreTest, KillInTheMidstOfAnUpdate) {
  accept('1');
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (;;) {
        const auto file =
            store_.put_candidate(head('2'), {{"chat", {}, std::string(std::size_t{1} << 20, 'x')}});
        if (file) static_cast<void>(store_.accept(*file));
      }
    }
    ::usleep(static_cast<useconds_t>(3000 + 1700 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto lines = store_.prepare();
    ASSERT_TRUE(lines);
    EXPECT_THAT(*lines, testing::IsEmpty());
    ASSERT_TRUE(store_.in_force());
    EXPECT_TRUE(VersionStore::read(*store_.in_force(), "chat"));
  }
}

TEST_F(VersionStoreTest, OneGatewayAtATime) {
  const auto lock = StoreLock::take(store_.folder());
  ASSERT_TRUE(lock);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    const bool good =
        !StoreLock::take(store_.folder()) && StoreLock::holder(store_.folder()) == parent;
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace sluice::lists
