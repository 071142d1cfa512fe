#include "gateway/os/named_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace sluice::os {
namespace {

TEST(NamedLock, OneHasItAtATime) {
  const std::string name = "sluice-test-" + std::to_string(::getpid());
  Descriptor first = lock_name(name);
  ASSERT_TRUE(first.is_open());
  const Descriptor second = lock_name(name);
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(errno, EADDRINUSE);
  EXPECT_TRUE(lock_name(name + "-other").is_open());
  first = Descriptor();
  EXPECT_TRUE(lock_name(name).is_open());
}

}  // namespace
}  // namespace sluice::os
