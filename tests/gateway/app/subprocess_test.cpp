#include "gateway/app/subprocess.h"

#include <gtest/gtest.h>

namespace sluice::app {
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

}  // namespace
}  // namespace sluice::app
