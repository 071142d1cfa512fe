#include "gateway/dataplane/pcap/pcapng.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/pcapng_writer.h"

namespace sluice::io {
namespace {

using test::ByteVector;
using test::PcapngWriter;

struct Read {
  std::vector<Record> records;
  std::string problem;
};

Read read(Bytes file) {
  Read result;
  PcapngBlocks blocks;
  while (result.problem.empty() && file.size() >= PcapngBlocks::kHeader) {
    const auto length = blocks.length_of(file);
    if (!length || *length > file.size()) {
      result.problem = length ? "cut" : length.error();
      break;
    }
    const auto record = blocks.take(file.first(*length));
    file = file.subspan(*length);
    if (!record) {
      result.problem = record.error();
    } else if (*record) {
      result.records.push_back(**record);
    }
  }
  return result;
}

class Pcapng : public testing::TestWithParam<bool> {
 protected:
  PcapngWriter file_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(ByteOrders, Pcapng, testing::Bool());

TEST_P(Pcapng, EveryInterfaceHasItsLinkType) {
  file_.section().interface(LinkType::ethernet).interface(LinkType::null, 100);
  file_.interface(LinkType::raw, 65535);
  file_.enhanced(1, 1'700'000'000'000'001, "one").enhanced(0, 0, "two!").enhanced(2, 5, "three");
  const Read got = read(file_.file());
  EXPECT_EQ(got.problem, "");
  ASSERT_EQ(got.records.size(), 3U);
  EXPECT_EQ(got.records[0].link, LinkType::null);
  EXPECT_EQ(as_text(got.records[0].bytes), "one");
  EXPECT_EQ(got.records[0].time, std::chrono::seconds(1'700'000'000) + Nanos(1000));
  EXPECT_EQ(got.records[1].link, LinkType::ethernet);
  EXPECT_EQ(as_text(got.records[2].bytes), "three");
}

TEST_P(Pcapng, TimesHaveTheResolutionOfTheirInterface) {
  const ByteVector nanos = file_.option(9, {std::byte{9}});
  const ByteVector binary = file_.option(9, {std::byte{0x80 | 10}});
  const ByteVector late = file_.option(14, file_.u64(100));
  const ByteVector both = [&] {
    ByteVector options = late;
    test::append(options, nanos);
    return options;
  }();
  file_.section().interface(LinkType::ethernet, 0, nanos).interface(LinkType::ethernet, 0, binary);
  file_.interface(LinkType::ethernet, 0, both);
  file_.enhanced(0, 5'000'000'001, "").enhanced(1, 1024 * 3 + 512, "").enhanced(2, 7, "");
  const Read got = read(file_.file());
  EXPECT_EQ(got.problem, "");
  ASSERT_EQ(got.records.size(), 3U);
  EXPECT_EQ(got.records[0].time, Nanos(5'000'000'001));
  EXPECT_EQ(got.records[1].time, Nanos(3'500'000'000));
  EXPECT_EQ(got.records[2].time, std::chrono::seconds(100) + Nanos(7));
}

TEST_P(Pcapng, SimpleAndOldPacketsAreRead) {
  file_.section().interface(LinkType::raw, 4).old(0, 2'000'000, "old").simple("simp", 9);
  const Read got = read(file_.file());
  EXPECT_EQ(got.problem, "");
  ASSERT_EQ(got.records.size(), 2U);
  EXPECT_EQ(as_text(got.records[0].bytes), "old");
  EXPECT_EQ(as_text(got.records[1].bytes), "simp");
  EXPECT_EQ(got.records[1].wire_length, 9U);
  EXPECT_EQ(got.records[1].time, std::chrono::seconds(2));
}

TEST_P(Pcapng, ASectionForgetsTheInterfacesOfTheOneBefore) {
  file_.section().interface(LinkType::raw).section().enhanced(0, 0, "x");
  EXPECT_EQ(read(file_.file()).problem,
            "a packet names an interface that the file does not describe");
}

TEST_P(Pcapng, OtherBlocksAreSteppedOver) {
  file_.section()
      .block(4, ByteVector(16))
      .interface(LinkType::ethernet)
      .block(0x0bad, ByteVector(8));
  file_.enhanced(0, 0, "x");
  const Read got = read(file_.file());
  EXPECT_EQ(got.problem, "");
  EXPECT_EQ(got.records.size(), 1U);
}

TEST_P(Pcapng, WhatContradictsItselfIsRefusedWithItsReason) {
  const auto problem_with = [&](std::uint32_t type, const ByteVector& body) {
    PcapngWriter file(GetParam());
    file.section().interface(LinkType::ethernet).block(type, body);
    return read(file.file()).problem;
  };
  EXPECT_EQ(problem_with(6, ByteVector(8)), "a packet is longer than its block");
  EXPECT_EQ(problem_with(3, {}), "a packet is longer than its block");
  EXPECT_EQ(problem_with(1, {}), "an interface block is cut short");
  ByteVector options(8);
  test::append(options, file_.option(9, {std::byte{20}}));
  EXPECT_EQ(problem_with(1, options), "an interface has an invalid time resolution or offset");

  file_.section();
  ByteVector lengths = file_.file();
  lengths.back() ^= std::byte{1};
  EXPECT_EQ(read(lengths).problem, "the two lengths of a block differ");
  ByteVector order = file_.file();
  order[8] = std::byte{0};
  EXPECT_EQ(read(order).problem, "a section has no valid byte order");
}

TEST_P(Pcapng, BlocksAreBounded) {
  const auto length = [&](std::uint32_t size) {
    ByteVector start = file_.u32(6);
    test::append(start, file_.u32(size));
    start.resize(PcapngBlocks::kHeader);
    PcapngBlocks blocks;
    static_cast<void>(blocks.take(PcapngWriter(GetParam()).section().file()));
    return blocks.length_of(start);
  };
  EXPECT_EQ(length(12), 12U);
  for (const std::uint32_t size : {0U, 8U, 13U, 0xfffffffcU}) EXPECT_FALSE(length(size)) << size;
}

}  // namespace
}  // namespace sluice::io
