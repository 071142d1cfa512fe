#include "gateway/engine/question_table.h"

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using std::chrono::seconds;
using test::ByteVector;
using test::FrameBuilder;
using test::kClient;
using test::kResolver;

constexpr Nanos kAskedAt = seconds(1'800'000'000);
const name::Name kName = *name::Name::from_text("a.example");
const name::Name kOtherName = *name::Name::from_text("b.example");

class Questions : public testing::Test {
 protected:
  // The frame is kept: packets are views of it.
  packet::Packet packet(const char* from, const char* to) {
    frames_.push_back(FrameBuilder(from, to).payload("x").build());
    return *packet::decode(frames_.back(), LinkType::ethernet);
  }
  QuestionTable table_{16, {1, 2}};
  std::vector<ByteVector> frames_;
};

TEST_F(Questions, AnAnswerCountsOnce) {
  table_.ask(packet(kClient, kResolver), 7, kName, kAskedAt);
  EXPECT_TRUE(table_.answer(packet(kResolver, kClient), 7, kName, kAskedAt + seconds(1)));
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 7, kName, kAskedAt + seconds(1)));
}

TEST_F(Questions, AnUnsolicitedAnswerDoesNotCount) {
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 7, kName, kAskedAt));
  table_.ask(packet(kClient, kResolver), 7, kName, kAskedAt);
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 8, kName, kAskedAt)) << "another ID";
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 7, kOtherName, kAskedAt))
      << "another name";
  EXPECT_FALSE(table_.answer(packet(kResolver, "192.0.2.1:5001"), 7, kName, kAskedAt)) << "port";
  EXPECT_FALSE(table_.answer(packet("198.51.100.54:53", kClient), 7, kName, kAskedAt)) << "server";
  EXPECT_FALSE(table_.answer(packet(kClient, kResolver), 7, kName, kAskedAt)) << "the asker itself";
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 7, kName, kAskedAt + seconds(11)))
      << "late";
}

TEST_F(Questions, AFullTableEvictsTheOldestQuestion) {
  for (std::uint16_t id = 0; id < 17; ++id) {
    table_.ask(packet(kClient, kResolver), id, kName, kAskedAt);
  }
  EXPECT_FALSE(table_.answer(packet(kResolver, kClient), 0, kName, kAskedAt));
  EXPECT_TRUE(table_.answer(packet(kResolver, kClient), 1, kName, kAskedAt));
  EXPECT_TRUE(table_.answer(packet(kResolver, kClient), 16, kName, kAskedAt));
}

}  // namespace
}  // namespace sluice::engine
