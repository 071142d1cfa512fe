// A table of ties is read while its worker writes it: what is read is one name's, whole.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "gateway/engine/tie_table.h"

namespace sluice::engine {
namespace {

TEST(TieTableReading, WhatIsReadIsOneNamesAndWhole) {
  TieTable table(64, HashKey{1, 2});
  std::atomic<bool> done = false;
  std::thread worker([&] {
    for (std::uint32_t i = 0; i < 50'000; ++i) {
      const std::string digits = std::to_string(i);
      const name::Name name = *name::Name::from_text("a." + digits + "." + digits + "." + digits);
      // The app tells which name it is.
      table.note({.name = name, .app = i, .kind = TieKind::resolved, .now = Nanos(i + 1)});
    }
    done = true;
  });
  std::size_t read = 0;
  do {
    for (std::size_t i = 0; i < table.places(); ++i) {
      const auto kept = table.read(i);
      if (!kept) continue;
      ++read;
      const std::string digits = std::to_string(kept->app);
      ASSERT_EQ(kept->name, *name::Name::from_text("a." + digits + "." + digits + "." + digits));
      ASSERT_EQ(kept->first, Nanos(static_cast<std::int64_t>(kept->app) + 1));
    }
  } while (!done);
  worker.join();
  EXPECT_GT(read, 0U);
}

}  // namespace
}  // namespace sluice::engine
