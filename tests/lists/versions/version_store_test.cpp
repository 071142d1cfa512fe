#include "lists/versions/version_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lists/compile/image_file.h"
#include "lists/compile/load.h"
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
            .lists = {{.format = Format::hosts, .name = "chat"}, {.name = "other"}}};
  }
  void accept(char digit, std::uint64_t number = 0) {
    const auto file = put(digit, number);
    ASSERT_TRUE(file) << file.error();
    ASSERT_TRUE(store_.accept(*file));
  }
  [[nodiscard]] Result<std::filesystem::path, std::string> put(char digit,
                                                               std::uint64_t number = 0) const {
    const std::string chat = std::string("chat") + digit;
    const std::string other = std::string("other") + digit;
    return store_.put_candidate(head(digit, number), {chat, other});
  }
  // As of a bundle.
  void accept(const std::string& name, Purpose purpose, const std::string& text) {
    VersionHead made = head('b', 9);
    made.lists = {{.name = name, .purpose = std::move(purpose)}};
    const auto file = store_.put_candidate(made, {text});
    ASSERT_TRUE(file && store_.accept(*file));
  }
  [[nodiscard]] SourceList list(const std::string& name, std::filesystem::path fallback = {},
                                Purpose purpose = {.app = "app"}) const {
    return {.list = name,
            .source = "src",
            .folder = store_.folder(),
            .fallback = std::move(fallback),
            .purpose = std::move(purpose)};
  }
  // The text of a list; "none": the version in force has no such list.
  [[nodiscard]] std::string text_of(std::string_view name) const {
    const auto version = store_.in_force();
    const auto found = version ? VersionStore::find(*version, name) : std::nullopt;
    return found ? VersionStore::read(*version, *found).value_or("damaged") : "none";
  }
  // The image of a list with this name in it, as `sluice lists build` writes it.
  std::string image_of(const std::string& name) {
    const auto file = folder() / "built.image";
    const auto compiled = compile({ListFolder::list("chat", name + '\n')}, {.seed = HashKey{1, 2}});
    EXPECT_TRUE(write_image(compiled->domains, file));
    return std::string(load_file(file)->text);
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
  EXPECT_EQ(text_of("other"), "other5");
  EXPECT_EQ(text_of("third"), "none");
}

TEST_F(VersionStoreTest, ACandidateIsNoVersion) {
  accept('1');
  ASSERT_TRUE(put('2'));
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
  const Source chat = version_source(list("chat", file));
  const Source none = version_source(list("third"));
  EXPECT_EQ(chat.read()->bytes, "fallback.example\n");
  EXPECT_EQ(none.read()->bytes, "");
  accept('1');
  accept('2');
  EXPECT_EQ(chat.read()->bytes, "chat2");
  EXPECT_EQ(chat.read()->format, Format::hosts);
  ASSERT_TRUE(store_.pin(1));
  EXPECT_EQ(chat.read()->bytes, "chat1");
}

// What a department signed for one app must not ban, or let through, another one.
TEST_F(VersionStoreTest, WhatABundleSaysMustBeWhatTheConfigurationSays) {
  const auto error = [&](Purpose wanted) {
    const auto text = version_source(list("chat", {}, std::move(wanted))).read();
    return text ? "" : text.error();
  };
  accept("chat", {.app = "games"}, "a.example\n");
  EXPECT_EQ(error({.app = "games"}), "");
  EXPECT_EQ(error({.app = "chat"}),
            R"(Lb has it for the app "games", the configuration for "chat")");
  EXPECT_EQ(error({MemberKind::exceptions, "games"}),
            R"(Lb has it as "list", the configuration as "exceptions")");
  EXPECT_EQ(version_image(list("chat", "i", {MemberKind::image, {}}))({}).error().to_string(),
            R"(src/chat: Lb has it as "list", the configuration as "image")");
  accept("chat", {MemberKind::image, {}}, "no list");
  EXPECT_EQ(error({.app = "games"}), R"(Lb has it as "image", the configuration as "list")");
  accept("chat", {MemberKind::exceptions, "*"}, "a.example\n");
  EXPECT_EQ(error({MemberKind::exceptions, "*"}), "");
  accept('1');  // not a bundle
  EXPECT_EQ(error({MemberKind::exceptions, "games"}), "");
}

TEST_F(VersionStoreTest, ImagesComeFromTheVersionInForceOrTheirFile) {
  const auto file = folder() / "names.image";
  const SourceList wanted = list("names", file, {MemberKind::image, {}});
  const LoadImage load = version_image(wanted);
  EXPECT_THAT(load({}).error().to_string(),
              testing::AllOf(testing::HasSubstr("no version has the image src/names"),
                             testing::HasSubstr("No such file")));
  std::ofstream(file, std::ios::binary) << image_of("fallback.example");
  EXPECT_EQ(test::found(*load({}), "fallback.example"), "fallback.example");
  accept("names", wanted.purpose, image_of("first.example"));
  EXPECT_EQ(test::found(*load({}), "www.first.example"), "first.example");
  EXPECT_EQ(load({})->lists.at(0).spec.app, "chat");
  const CompileOptions critical{.critical = write("critical.txt", "login.first.example\n")};
  EXPECT_THAT(load(critical).error().to_string(),
              testing::HasSubstr("would block the critical name login.first.example"));
  const auto on_trial = store_.versions().front().file;
  accept("names", wanted.purpose, "neither list nor image");
  EXPECT_EQ(load({}).error().to_string(), "src/names: truncated");
  EXPECT_EQ(test::found(*trial_image(wanted, on_trial)({}), "first.example"), "first.example");
}

// The checksum of an image is no secret: the digest that was signed counts.
TEST_F(VersionStoreTest, AnImageThatChangedOnDiskIsNotLoaded) {
  const SourceList wanted = list("names", "none", {MemberKind::image, {}});
  accept("names", wanted.purpose, image_of("first.example"));
  const std::string other = image_of("other.example");
  ASSERT_EQ(store_.in_force()->head.bytes(), other.size());
  std::fstream stream(store_.in_force()->file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(store_.in_force()->texts_at));
  stream << other << std::flush;
  EXPECT_EQ(version_image(wanted)({}).error().to_string(), "src/names: damaged: a digest is wrong");
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
    ::_exit(put('2') ? 1 : 0);
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
        const std::string large(std::size_t{1} << 20, 'x');
        const auto file = store_.put_candidate(head('2'), {large, "other"});
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
    EXPECT_EQ(text_of("other").substr(0, 5), "other");
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
