// A list update ends open flows whose name it bans (kill_open_flows).

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"
#include "tests/gateway/engine/quic_lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;
using test::LabOptions;

// A wechat_ban() with one more rule.
std::shared_ptr<const Snapshot> update(bool kills, std::string_view name,
                                       policy::Action action = policy::Action::drop,
                                       io::Generation generation = 1) {
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("news");
  const match::ListId list = *builder.list("news", "0123456789abcdef");
  builder.add(*name::Name::from_text(name), match::EntryKind::suffix, app, list, 1).value();
  auto snapshot = std::make_shared<Snapshot>();
  policy::Policy policy{.name = "default", .action = action};
  policy.apps.add(app);
  snapshot->policies = policy::PolicySet({policy});
  snapshot->domains = builder.build()->set;
  snapshot->kill_open_flows = kills;
  snapshot->generation = generation;
  return snapshot;
}

struct OpenFlow {
  explicit OpenFlow(const LabOptions& options = {}) : lab(options) {
    const ByteVector bytes = hello("www.news.example");
    connection.open(lab);
    EXPECT_EQ(lab.send(connection.data(0, bytes)), Verdict::pass);
    sent = bytes.size();
    EXPECT_EQ(lab.send(connection.server_hello(sent), io::Side::outside), Verdict::pass_flow);
    EXPECT_EQ(more(), Verdict::pass_flow);
  }
  Verdict more() {
    sent += 4;
    return lab.send(connection.data(sent - 4, test::byte_vector("more")));
  }

  Lab lab;
  Connection connection;
  std::size_t sent = 0;
};

TEST(ListUpdate, EndsAnOpenTcpFlowWhoseNameItBans) {
  OpenFlow flow;
  flow.lab.snapshots.publish(update(true, "news.example"));
  EXPECT_EQ(flow.more(), Verdict::drop_flow);
  EXPECT_EQ(flow.lab.count(Reason::list_update), 1U);
  const auto* const record = flow.lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->name.view(), "www.news.example");
  EXPECT_EQ(flow.more(), Verdict::drop_flow);
}

TEST(ListUpdate, EndsTheFlowAtAPacketOfTheServerToo) {
  OpenFlow flow;
  flow.lab.snapshots.publish(update(true, "news.example"));
  EXPECT_EQ(flow.lab.send(flow.connection.acknowledge(flow.sent, "data"), io::Side::outside),
            Verdict::drop_flow);
}

TEST(ListUpdate, ResetsBothEndsWherePolicyRejects) {
  OpenFlow flow;
  flow.lab.snapshots.publish(update(true, "news.example", policy::Action::reject));
  EXPECT_EQ(flow.more(), Verdict::drop);
  EXPECT_EQ(flow.lab.dataplane.injected().size(), 2U);
}

TEST(ListUpdate, LeavesOtherFlowsAlone) {
  OpenFlow flow;
  flow.lab.snapshots.publish(update(true, "other.example"));
  EXPECT_EQ(flow.more(), Verdict::pass_flow);
  flow.lab.snapshots.publish(update(false, "news.example", policy::Action::drop, 2));
  EXPECT_EQ(flow.more(), Verdict::pass_flow) << "the configuration lets open flows be";
  EXPECT_EQ(flow.lab.audit.front(), nullptr);
}

// Names of over 62 bytes are remembered by their rightmost labels.
TEST(ListUpdate, RecognisesALongNameByItsEnd) {
  Lab lab;
  const Connection connection;
  connection.open(lab);
  const ByteVector bytes = hello(std::string(60, 'a') + ".cdn.news.example");
  lab.send(connection.data(0, bytes));
  lab.send(connection.acknowledge(bytes.size()), io::Side::outside);
  lab.snapshots.publish(update(true, "news.example"));
  EXPECT_EQ(lab.send(connection.data(bytes.size(), test::byte_vector("x"))), Verdict::drop_flow);
}

TEST(ListUpdate, EndsAnOpenQuicFlowWhoseNameItBans) {
  Lab lab;
  test::QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(test::whole_hello("www.news.example")), Verdict::pass);
  const ByteVector data = test::quic_short({}, 100);
  EXPECT_EQ(connection.to_server(data), Verdict::pass);
  lab.snapshots.publish(update(true, "news.example"));
  EXPECT_EQ(connection.to_server(data), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::list_update), 1U);
}

}  // namespace
}  // namespace sluice::engine
