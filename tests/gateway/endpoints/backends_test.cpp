#include "gateway/endpoints/backends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/endpoints/answers.h"
#include "tests/gateway/endpoints/ban.h"

namespace sluice::endpoints {
namespace {

using test::Answer;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<name::Name>& names) {
  std::vector<std::string> all;
  for (const name::Name& name : names) {
    std::array<char, name::kMaxTextBytes> text;
    all.emplace_back(name::to_text(name, text));
  }
  return all;
}

TEST(Backends, AreTheNamesOfRulesThatBlock) {
  const auto ban = test::ban_of({"chat.example", "=a.cdn.example", "@@open.chat.example",
                                 "p-*.cdn.example", "mmtls._signature", "b.open.chat.example"});
  EXPECT_THAT(texts(backends_of(engine::ban_of(*ban), 100).names),
              ElementsAre("chat.example", "a.cdn.example", "b.open.chat.example"));
}

TEST(Backends, AreBounded) {
  const auto ban = test::ban_of({"a.example", "b.example", "c.example"});
  const Backends backends = backends_of(engine::ban_of(*ban), 2);
  EXPECT_THAT(texts(backends.names), ElementsAre("a.example", "b.example"));
  EXPECT_EQ(backends.left_out, 1U);
}

class Addresses : public testing::Test {
 protected:
  std::vector<std::string> in(const test::ByteVector& message) {
    std::vector<std::string> all;
    const auto found = addresses_in(message, engine::ban_of(*ban_), response_);
    if (!found) return {"no answer"};
    for (const FoundAddress& it : *found) {
      all.push_back(it.address.to_string() + " " + std::to_string(it.ttl));
    }
    return all;
  }

  std::shared_ptr<const engine::Snapshot> ban_ = test::ban_of({"chat.example", "chat-cdn.example"});
  test::ByteVector query_ = test::dns_query("a.chat.example");
  dns::Response response_;
};

TEST_F(Addresses, AreThoseOfBannedOwners) {
  EXPECT_THAT(in(Answer(query_)
                     .address("a.chat.example", "203.0.113.7", 300)
                     .address("a.chat.example", "2001:db8::7", 60)
                     .build()),
              ElementsAre("203.0.113.7 300", "2001:db8::7 60"));
  EXPECT_THAT(in(Answer(query_)
                     .alias("a.chat.example", "a.chat-cdn.example")
                     .address("a.chat-cdn.example", "203.0.113.8")
                     .build()),
              ElementsAre("203.0.113.8 60"));
}

// The target of an alias may serve others too, so its addresses are not the app's own.
TEST_F(Addresses, BehindAnAliasToSomebodyElseAreNot) {
  EXPECT_THAT(in(Answer(query_)
                     .alias("a.chat.example", "edge.cdn.example")
                     .address("edge.cdn.example", "203.0.113.9")
                     .build()),
              IsEmpty());
}

TEST_F(Addresses, OfWhatIsNoAnswerAreNone) {
  EXPECT_THAT(in(query_), ElementsAre("no answer"));
  EXPECT_THAT(in({}), ElementsAre("no answer"));
  EXPECT_THAT(in(Answer(query_).build()), IsEmpty());
}

}  // namespace
}  // namespace sluice::endpoints
