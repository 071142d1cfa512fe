#include "gateway/telemetry/file_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::telemetry {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class File : public testing::Test {
 protected:
  File() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("sluice_sink_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~File() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const char* name = "audit.jsonl") const { return folder_ / name; }
  static std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static bool put(AuditSink& sink, std::vector<std::string> lines) {
    sink.write(lines);
    return sink.flush();
  }

 private:
  fs::path folder_;
};

TEST_F(File, AppendsWholeLines) {
  for (const char* text : {"one", "two"}) {
    const auto sink = FileSink::open(file());
    ASSERT_TRUE(sink) << sink.error();
    EXPECT_TRUE(put(**sink, {text, "more"}));
  }
  EXPECT_EQ(content(file()), "one\nmore\ntwo\nmore\n");
}

TEST_F(File, OpensAgainAfterRotation) {
  const auto sink = FileSink::open(file());
  ASSERT_TRUE(sink) << sink.error();
  EXPECT_TRUE(put(**sink, {"one"}));
  fs::rename(file(), file("old"));
  EXPECT_TRUE((*sink)->reopen());
  EXPECT_TRUE(put(**sink, {"two"}));
  EXPECT_EQ(content(file("old")), "one\n");
  EXPECT_EQ(content(file()), "two\n");
}

TEST_F(File, ThatCannotBeOpenedIsNamed) {
  const auto sink = FileSink::open(file("no-such-folder") / "audit.jsonl");
  ASSERT_FALSE(sink);
  EXPECT_THAT(sink.error(), HasSubstr("no-such-folder/audit.jsonl: "));
  EXPECT_THAT(sink.error(), HasSubstr("No such file or directory"));
}

TEST_F(File, ThatIsFullSaysWhy) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto sink = FileSink::open("/dev/full");
  ASSERT_TRUE(sink) << sink.error();
  EXPECT_FALSE(put(**sink, {"one"}));
  EXPECT_EQ((*sink)->error(), "/dev/full: cannot be written: No space left on device");
}

TEST_F(File, IsTriedAgainAtTheNextFlush) {
  fs::create_directories(file("log"));
  const fs::path path = file("log") / "audit.jsonl";
  const auto sink = FileSink::open(path);
  ASSERT_TRUE(sink) << sink.error();
  fs::rename(file("log"), file("gone"));
  EXPECT_FALSE((*sink)->reopen());
  EXPECT_FALSE(put(**sink, {"lost"}));
  fs::create_directories(file("log"));
  EXPECT_TRUE(put(**sink, {"kept"}));
  EXPECT_EQ(content(path), "kept\n");
}

// A limit on the size of files stands for a disk that fills within a line.
TEST_F(File, LinesThatAreWrittenInPartAreTakenBack) {
  const auto sink = FileSink::open(file());
  ASSERT_TRUE(sink) << sink.error();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 6;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const bool written = put(**sink, {"one", "two"});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(written);
  EXPECT_THAT((*sink)->error(), HasSubstr("File too large"));
  EXPECT_TRUE(put(**sink, {"three"}));
  EXPECT_TRUE(put(**sink, {"four"}));
  EXPECT_EQ(content(file()), "three\nfour\n") << "all that was written together";
}

TEST_F(File, RotatesItself) {
  const auto sink = FileSink::open(file(), {.rotate_bytes = 8, .keep = 2, .sync = true});
  ASSERT_TRUE(sink) << sink.error();
  for (const char* text : {"one", "two", "three", "four", "five-and-more", "six"}) {
    EXPECT_TRUE(put(**sink, {text}));
  }
  EXPECT_EQ(content(file()), "six\n");
  EXPECT_EQ(content(file("audit.jsonl.1")), "five-and-more\n");
  EXPECT_EQ(content(file("audit.jsonl.2")), "three\nfour\n");
  EXPECT_FALSE(fs::exists(file("audit.jsonl.3"))) << "two are kept";
}

// As if the last line of a file were so many days old.
void age(const fs::path& path, int days) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24 * days));
}

TEST_F(File, BeginsAnewEachDayWhereDaysAreKept) {
  const FileSink::Options options{.keep = 5, .keep_days = std::chrono::days(10)};
  const auto put_one = [&](const char* text) {
    const auto sink = FileSink::open(file(), options);
    ASSERT_TRUE(sink) << sink.error();
    EXPECT_TRUE(put(**sink, {text}));
  };
  put_one("one");
  put_one("two");
  age(file(), 2);
  put_one("three");
  EXPECT_EQ(content(file("audit.jsonl.1")), "one\ntwo\n");
  EXPECT_EQ(content(file()), "three\n");
}

TEST_F(File, WhatIsTooOldIsRemoved) {
  for (const char* name : {"audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.40", "audit.jsonl.old",
                           "audit.jsonl.2.gz", "other.jsonl.1"}) {
    std::ofstream(file(name)) << name;
    age(file(name), 12);
  }
  age(file("audit.jsonl.1"), 9);
  const auto sink = FileSink::open(file(), {.keep = 50, .keep_days = std::chrono::days(10)});
  ASSERT_TRUE(sink) << sink.error();
  (*sink)->idle();
  EXPECT_TRUE(fs::exists(file("audit.jsonl.1"))) << "not yet";
  EXPECT_FALSE(fs::exists(file("audit.jsonl.2")));
  EXPECT_FALSE(fs::exists(file("audit.jsonl.40")));
  for (const char* name : {"audit.jsonl.old", "audit.jsonl.2.gz", "other.jsonl.1"}) {
    EXPECT_TRUE(fs::exists(file(name))) << name << " is not its own";
  }
}

TEST_F(File, AFileWithoutNewLinesIsRemovedToo) {
  std::ofstream(file()) << "old\n";
  age(file(), 12);
  const auto sink = FileSink::open(file(), {.keep = 5, .keep_days = std::chrono::days(10)});
  ASSERT_TRUE(sink) << sink.error();
  (*sink)->idle();
  EXPECT_EQ(content(file()), "");
  EXPECT_FALSE(fs::exists(file("audit.jsonl.1")));
  EXPECT_TRUE(put(**sink, {"new"}));
  EXPECT_EQ(content(file()), "new\n");
}

TEST_F(File, NothingIsRemovedWithoutKeepDays) {
  std::ofstream(file("audit.jsonl.1")) << "old";
  age(file("audit.jsonl.1"), 4000);
  std::ofstream(file()) << "old\n";
  age(file(), 4000);
  const auto sink = FileSink::open(file(), {.keep = 5});
  ASSERT_TRUE(sink) << sink.error();
  (*sink)->idle();
  EXPECT_TRUE(put(**sink, {"new"}));
  EXPECT_EQ(content(file()), "old\nnew\n");
  EXPECT_TRUE(fs::exists(file("audit.jsonl.1")));
}

TEST_F(File, GoesOnWhereItCannotBeRenamed) {
  const auto sink = FileSink::open(file(), {.rotate_bytes = 4, .keep = 1});
  ASSERT_TRUE(sink) << sink.error();
  fs::create_directories(file("audit.jsonl.1") / "in-the-way");
  EXPECT_TRUE(put(**sink, {"one"}));
  EXPECT_TRUE(put(**sink, {"two"}));
  EXPECT_EQ(content(file()), "one\ntwo\n");
}

}  // namespace
}  // namespace sluice::telemetry
