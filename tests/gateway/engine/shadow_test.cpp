// What is on trial is counted and audited, and changes nothing on the wire.

#include <gtest/gtest.h>

#include "tests/gateway/engine/evidence_lab.h"
#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;

// wechat_ban() with its list, or its policy, on trial.
enum class OnTrial : std::uint8_t { list, policy };
std::shared_ptr<const Snapshot> trial_of(const Snapshot& usual, OnTrial what) {
  auto snapshot = std::make_shared<Snapshot>(usual);
  std::vector<policy::Policy> policies = usual.policies.all();
  for (policy::Policy& policy : policies) {
    policy.shadow = what == OnTrial::policy;
    if (what == OnTrial::list) policy.shadow_lists.add(match::ListId{0});
  }
  snapshot->policies = policy::PolicySet(std::move(policies));
  return snapshot;
}

std::uint64_t counted(const Lab& lab, policy::Action would) {
  return lab.counters->shadows[0][0][static_cast<std::size_t>(would)].value();
}

class Shadow : public testing::TestWithParam<OnTrial> {
 protected:
  void use(Lab& lab) const { lab.snapshots.publish(trial_of(*test::wechat_ban(), GetParam())); }
};
INSTANTIATE_TEST_SUITE_P(Each, Shadow, testing::Values(OnTrial::list, OnTrial::policy));

TEST_P(Shadow, AFlowPassesAndIsHandedToTheDataplane) {
  Lab lab;
  use(lab);
  const ByteVector bytes = hello("web.wechat.com");
  const Connection connection;
  connection.open(lab);
  EXPECT_EQ(lab.send(connection.data(0, bytes)), Verdict::pass);
  EXPECT_EQ(lab.send(connection.server_hello(bytes.size()), io::Side::outside), Verdict::pass_flow);
  EXPECT_EQ(lab.send(connection.data(bytes.size(), test::byte_vector("more"))), Verdict::pass_flow);
  EXPECT_EQ(lab.count(Reason::banned), 0U);
  EXPECT_GT(lab.count(Reason::allowed), 0U);
  EXPECT_EQ(counted(lab, policy::Action::drop), 1U);
  const telemetry::AuditRecord* const record = lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_TRUE(record->is_shadow);
  EXPECT_EQ(record->action.view(), "drop");
  EXPECT_EQ(record->name.view(), "web.wechat.com");
  EXPECT_EQ(record->rule.view(), "wechat.com");
}

TEST_P(Shadow, QuestionsAndAnswersPassAsTheyCame) {
  Lab lab;
  use(lab);
  const ByteVector question = test::FrameBuilder(test::kClient, test::kResolver)
                                  .payload(test::dns_query("web.wechat.com"))
                                  .build();
  EXPECT_EQ(lab.forward(question, io::Side::inside), question);
  EXPECT_EQ(counted(lab, policy::Action::drop), 1U);
  EXPECT_EQ(lab.counters->decisions[0][0][static_cast<std::size_t>(policy::Action::drop)].value(),
            0U);
}

// As if it were not there, a name on trial is innocent: it guards its address against leases of
// names that are banned.
TEST(ShadowEvidence, ANameOnTrialIsInnocent) {
  test::EvidenceLab lab;
  auto snapshot = std::make_shared<Snapshot>(*lab.ban());
  match::DomainSetBuilder builder({1, 2});
  const match::AppId app = *builder.app("wechat");
  const match::ListId real = *builder.list("real"), fresh = *builder.list("fresh");
  builder.add(*name::Name::from_text("wechat.com"), match::EntryKind::suffix, app, real, 1).value();
  builder.add(*name::Name::from_text("example.io"), match::EntryKind::suffix, app, fresh, 1)
      .value();
  snapshot->domains = builder.build()->set;
  std::vector<policy::Policy> policies = snapshot->policies.all();
  policies[0].shadow_lists.add(fresh);
  snapshot->policies = policy::PolicySet(policies);
  lab.use(snapshot);
  lab.look_up(lab.guest(1), test::kBannedName, lab.server(7));
  EXPECT_TRUE(lab.drops_ssh(lab.staff(2), lab.server(7)));
  lab.show(lab.staff(2), test::kInnocentName, lab.server(7));
  EXPECT_FALSE(lab.drops_ssh(lab.staff(2), lab.server(7)));
}

// Neither does a name on trial lease its address, nor is a flow there dropped.
TEST(ShadowEvidence, AListOnTrialLeasesNoAddress) {
  for (const bool on_trial : {false, true}) {
    test::EvidenceLab lab;
    if (on_trial) lab.use(trial_of(*lab.ban(), OnTrial::list));
    lab.look_up(lab.guest(1), test::kBannedName, lab.server(7));
    EXPECT_EQ(lab.drops_ssh(lab.staff(2), lab.server(7)), !on_trial);
    EXPECT_EQ(lab.lab().counters->leases.value(), on_trial ? 0U : 1U);
  }
}

}  // namespace
}  // namespace sluice::engine
