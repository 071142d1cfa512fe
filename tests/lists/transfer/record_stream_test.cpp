// The order of a transfer's records, and what is refused.

#include "lists/transfer/record_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "lists/transfer/knot.h"
#include "lists/transfer/transfer.h"

namespace sluice::lists {
namespace {

using State = RecordStream::State;
using Does = RecordStream::Does;

// `S5` is the SOA with serial 5; another word is the owner of a CNAME below the zone.
struct FreeRecord {
  void operator()(knot_rrset_t* record) const { knot_rrset_free(record, nullptr); }
};
std::unique_ptr<knot_rrset_t, FreeRecord> record_of(const std::string& word) {
  const bool is_soa = word.starts_with('S');
  const auto owner = zone_wire(is_soa ? "rpz.test." : word + ".");
  std::unique_ptr<knot_rrset_t, FreeRecord> record(knot_rrset_new(
      owner.data(), is_soa ? KNOT_RRTYPE_SOA : KNOT_RRTYPE_CNAME, KNOT_CLASS_IN, 60, nullptr));
  std::vector<std::uint8_t> rdata(is_soa ? 22 : 1);
  if (is_soa) rdata[5] = static_cast<std::uint8_t>(std::stoi(word.substr(1)));
  knot_rrset_add_rdata(record.get(), rdata.data(), static_cast<std::uint16_t>(rdata.size()),
                       nullptr);
  return record;
}

// `=a +b -c: changes 6`, or why it was refused.
std::string read(std::optional<std::uint32_t> serial, const std::vector<std::string>& words) {
  RecordStream stream(zone_wire("rpz.test."), serial);
  std::string said;
  const auto take = [&](Does does, const Soa&, const knot_rrset_t& record) {
    const char mark = does == Does::full ? '=' : does == Does::add ? '+' : '-';
    said += std::string(1, mark) + static_cast<char>(record.owner[1]) + ' ';
    return true;
  };
  for (const std::string& word : words) {
    if (stream.state() != State::more) return said + "too late";
    const auto taken = stream.take(*record_of(word), take);
    if (!taken) return taken.error();
  }
  switch (stream.state()) {
    case State::more:
      return said + "more";
    case State::up_to_date:
      return said + "up to date";
    case State::whole_zone:
      return said + "whole " + std::to_string(stream.soa().serial);
    case State::changes:
      return said + "changes " + std::to_string(stream.soa().serial);
  }
  return "?";
}

TEST(RecordStream, AWholeZone) {
  EXPECT_EQ(read({}, {"S6", "a.rpz.test", "b.rpz.test", "S6"}), "=a =b whole 6");
  EXPECT_EQ(read(5, {"S6", "a.rpz.test", "S6"}), "=a whole 6") << "as the answer to IXFR";
  EXPECT_EQ(read({}, {"S6", "S6"}), "whole 6");
  EXPECT_EQ(read({}, {"S6", "a.rpz.test"}), "=a more");
}

TEST(RecordStream, Changes) {
  EXPECT_EQ(read(5, {"S6", "S5", "a.rpz.test", "S6", "b.rpz.test", "S6"}), "-a +b changes 6");
  EXPECT_EQ(read(4, {"S6", "S4", "a.rpz.test", "S5", "S5", "S6", "b.rpz.test", "S6"}),
            "-a +b changes 6");
  EXPECT_EQ(read(5, {"S6", "S5", "a.rpz.test"}), "-a more");
}

TEST(RecordStream, NothingNew) {
  EXPECT_EQ(read(5, {"S5"}), "up to date");
}

TEST(RecordStream, WhatDoesNotFollowTheOrderIsRefused) {
  EXPECT_EQ(read({}, {"a.rpz.test"}), "it does not begin with a SOA record");
  EXPECT_EQ(read(7, {"S6"}), "the serial went back: the primary has 6, in force is 7");
  EXPECT_EQ(read({}, {"S6", "a.rpz.test", "S7"}), "the zone changed while it was sent");
  EXPECT_EQ(read(5, {"S7", "S6", "a.rpz.test"}), "its changes are of serial 6, not of ours");
  EXPECT_EQ(read({}, {"S7", "S6"}), "its changes are of serial 6, not of ours");
  EXPECT_EQ(read(5, {"S7", "S5", "S4"}), "its serials do not ascend");
  EXPECT_EQ(read(5, {"S7", "S5", "S6", "S7"}), "its changes do not follow each other");
  EXPECT_EQ(read({}, {"S6", "a.other.test"}), "a record lies outside the zone");
}

TEST(RecordStream, SerialsWrapAround) {
  EXPECT_TRUE(is_newer(1, 0xffffffffU));
  EXPECT_FALSE(is_newer(0xffffffffU, 1));
  EXPECT_FALSE(is_newer(5, 5));
}

}  // namespace
}  // namespace sluice::lists
