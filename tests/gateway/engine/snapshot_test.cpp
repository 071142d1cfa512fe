#include "gateway/engine/snapshot.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "filters/match/domain_set_builder.h"

namespace sluice::engine {
namespace {

std::string_view version_of(const Snapshot& snapshot) {
  return snapshot.domains.list_version(match::ListId{0});
}

std::shared_ptr<const Snapshot> snapshot(const char* version) {
  auto result = std::make_shared<Snapshot>();
  match::DomainSetBuilder builder({1, 2});
  builder.list("list", version).value();
  result->domains = builder.build()->set;
  return result;
}

TEST(Snapshot, AReaderSeesANewSnapshotAtItsNextRefresh) {
  SnapshotCell cell(snapshot("old"));
  SnapshotReader reader(cell);
  const Snapshot& held = reader.refresh();
  cell.publish(snapshot("new"));
  EXPECT_EQ(version_of(held), "old");  // until it refreshes
  EXPECT_EQ(version_of(reader.refresh()), "new");
}

TEST(Snapshot, AnOldSnapshotIsFreedByItsLastHolder) {
  auto first = snapshot("old");
  const std::weak_ptr<const Snapshot> watch = first;
  SnapshotCell cell(std::move(first));
  SnapshotReader reader(cell);
  cell.publish(snapshot("new"));
  EXPECT_FALSE(watch.expired());
  static_cast<void>(reader.refresh());
  EXPECT_TRUE(watch.expired());
}

TEST(Snapshot, ReadersAndAPublisherMayRunConcurrently) {
  SnapshotCell cell(snapshot("0"));
  std::jthread publisher([&] {
    for (int i = 1; i <= 2000; ++i) cell.publish(snapshot(std::to_string(i).c_str()));
  });
  SnapshotReader reader(cell);
  int last = 0;
  while (last < 2000) {
    const int now = std::stoi(std::string(version_of(reader.refresh())));
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace sluice::engine
