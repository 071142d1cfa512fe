#include "gateway/os/subprocess.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace sluice::os {
namespace {

TEST(Subprocess, SaysNothingOfSuccess) {
  EXPECT_EQ(run_program({"true"}), "");
}

TEST(Subprocess, SaysHowItEnded) {
  EXPECT_EQ(run_program({"false"}), "exit status 1");
  EXPECT_EQ(run_program({"sh", "-c", "kill -9 $$"}), "ended by signal 9");
  EXPECT_EQ(run_program({"nosuchprogram"}), "No such file or directory");
}

TEST(Subprocess, NoShellReadsTheWords) {
  EXPECT_EQ(run_program({"test", "$(exit 1);", "=", "$(exit 1);"}), "");
}

TEST(Subprocess, HasNoInput) {
  EXPECT_EQ(run_program({"sh", "-c", "! read line"}), "");
}

TEST(Subprocess, IsFed) {
  EXPECT_TRUE(feed_program({"grep", "-q", "word"}, "a word\n"));
  const auto failed = feed_program({"sh", "-c", "read word; echo no $word >&2; exit 3"}, "luck\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), "no luck");
  EXPECT_EQ(feed_program({"false"}, "").error(), "exit status 1");
  EXPECT_EQ(feed_program({"nosuchprogram"}, "").error(),
            "nosuchprogram: No such file or directory");
}

TEST(Subprocess, MayEndBeforeItHasReadAll) {
  EXPECT_EQ(feed_program({"sh", "-c", "echo enough; exit 1"}, std::string(60'000, 'x')).error(),
            "enough");
}

class Waiting : public testing::Test {
 protected:
  Waiting()
      : file_(std::filesystem::temp_directory_path() / ("waiting." + std::to_string(::getpid()))) {}
  ~Waiting() override { std::filesystem::remove(file_); }
  // Writes its process ID, then what it reads. (No shell: some take all signals.)
  [[nodiscard]] Words writer() const {
    return {"python3", "-c",
            "import os, sys\n"
            "with open(sys.argv[1] + '.pid', 'w') as file: print(os.getpid(), file=file)\n"
            "with open(sys.argv[1], 'w') as file: file.write(sys.stdin.read())\n",
            file_.string()};
  }
  [[nodiscard]] std::string written() const {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::filesystem::path file_;
};

TEST_F(Waiting, DoesItsWorkWhenItIsTold) {
  auto program = WaitingProgram::start(writer());
  ASSERT_TRUE(program);
  EXPECT_EQ(written(), "");
  EXPECT_TRUE(program->finish("the last thing\n"));
  EXPECT_EQ(written(), "the last thing\n");
  std::filesystem::remove(file_.string() + ".pid");
}

TEST_F(Waiting, OutlivesWhatEndsUs) {
  auto program = WaitingProgram::start(writer());
  ASSERT_TRUE(program);
  pid_t child = 0;
  while (child == 0) std::ifstream(file_.string() + ".pid") >> child;
  for (const int end : {SIGINT, SIGTERM, SIGHUP}) EXPECT_EQ(::kill(child, end), 0);
  EXPECT_TRUE(program->finish("still there\n"));
  EXPECT_EQ(written(), "still there\n");
  std::filesystem::remove(file_.string() + ".pid");
}

TEST_F(Waiting, DoesNothingIfWeDie) {
  {
    const auto program =
        WaitingProgram::start({"sh", "-c", "read line && echo \"$line\" > \"$0\"", file_.string()});
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

}  // namespace
}  // namespace sluice::os
