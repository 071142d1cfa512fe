#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/config.h"
#include "tests/gateway/config/errors.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(NfqueueSettings, ReadsTheQueuesOfARouter) {
  const StartSettings start = parse(R"(
    [dataplane]
    type = "nfqueue"
    outside = "wan0"
    workers = 2
    on_failure = "closed"
    queue = 7
    queue_packets = 128
    mark_mask = 0xe0
    rules = "iptables"
    keep_rules = true
    local = true
    flowtable = false
  )",
                                    "sluice.toml")
                                  .value()
                                  .start;
  EXPECT_EQ(start.dataplane, io::Kind::nfqueue);
  EXPECT_EQ(start.nfqueue.on_failure, io::OnFailure::closed);
  EXPECT_EQ(start.nfqueue.first_queue, 7U);
  EXPECT_EQ(start.nfqueue.packets, 128U);
  EXPECT_EQ(start.nfqueue.mark_mask, 0xe0U);
  EXPECT_EQ(start.nfqueue.rules, io::RuleTool::iptables);
  EXPECT_TRUE(start.nfqueue.keep_rules);
  EXPECT_TRUE(start.nfqueue.local);
  EXPECT_FALSE(start.nfqueue.flowtable);
}

TEST(NfqueueSettings, RefusesQueuesAndMarksThatThereAreNot) {
  EXPECT_THAT(errors_of("[dataplane]\nqueue = 65535\nworkers = 2"),
              ElementsAre(HasSubstr("the last queue is 65536, over 65535")));
  EXPECT_THAT(errors_of("[dataplane]\nmark_mask = 0x3"),
              ElementsAre(HasSubstr("needs three bits")));
  EXPECT_THAT(errors_of("[dataplane]\nmark_mask = 0x17"),
              ElementsAre(HasSubstr("not next to each other")));
}

}  // namespace
}  // namespace sluice::config
