#include "gateway/engine/snapshot.h"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::engine {
namespace {

std::shared_ptr<const Snapshot> snapshot(const char* version) {
  auto result = std::make_shared<Snapshot>();
  result->list_versions = {version};
  return result;
}

TEST(Snapshot, AReaderSeesANewOneAtItsNextRefresh) {
  SnapshotCell cell(snapshot("old"));
  SnapshotReader reader(cell);
  const Snapshot& held = reader.refresh();
  cell.publish(snapshot("new"));
  EXPECT_EQ(held.list_versions[0], "old");  // until it asks again
  EXPECT_EQ(reader.refresh().list_versions[0], "new");
}

TEST(Snapshot, TheOldOneGoesWithItsLastHolder) {
  auto first = snapshot("old");
  const std::weak_ptr<const Snapshot> watch = first;
  SnapshotCell cell(std::move(first));
  SnapshotReader reader(cell);
  cell.publish(snapshot("new"));
  EXPECT_FALSE(watch.expired());
  static_cast<void>(reader.refresh());
  EXPECT_TRUE(watch.expired());
}

TEST(Snapshot, ReadersAndAPublisherMayRun) {
  SnapshotCell cell(snapshot("0"));
  std::jthread publisher([&] {
    for (int i = 1; i <= 2000; ++i) cell.publish(snapshot(std::to_string(i).c_str()));
  });
  SnapshotReader reader(cell);
  int last = 0;
  while (last < 2000) {
    const int now = std::stoi(reader.refresh().list_versions[0]);
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace sluice::engine
