#include "filters/craft/dns_reply.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "filters/base/byte_reader.h"
#include "tests/support/packet_builder.h"

namespace sluice::craft {
namespace {

using packet::Packet;
using test::ByteVector;
using test::FrameBuilder;
using namespace std::string_view_literals;

constexpr std::uint16_t kFlags = 0x8180 | 3;  // a response, RD, RA, NXDOMAIN
constexpr std::size_t kWithoutText = 6;       // bytes of an Extended DNS Error: option, code

// A question as it went out, and the frame that came back.
struct Exchange {
  ByteVector question, reply;
  Packet asked, answered;
};

// Views point into the heap: the exchange does not move.
std::unique_ptr<Exchange> exchange(ByteVector frame, const DnsRefusal& refusal = {.text = "wechat"},
                                   Room room = Room::as_asked) {
  constexpr LinkType link = LinkType::ethernet;
  auto result = std::make_unique<Exchange>();
  result->question = std::move(frame);
  const auto asked = packet::decode(result->question, link);
  EXPECT_TRUE(asked);
  if (!asked) return nullptr;
  result->asked = *asked;
  const auto query = std::make_unique<dns::Query>();
  EXPECT_TRUE(dns::parse_query(asked->payload, *query));
  result->reply.resize(result->question.size() + kMostGrowth);
  result->reply.resize(
      refuse_query(*asked, Direction::back, *query, refusal, room, result->reply).size());
  const auto answered = packet::decode(result->reply, link);
  EXPECT_TRUE(answered);
  if (!answered) return nullptr;
  result->answered = *answered;
  return result;
}

FrameBuilder udp() {
  return {"192.0.2.1:5000", "198.51.100.2:53"};
}

// The parts of a DNS message of ours: one header, questions as they were, perhaps an OPT record.
struct Message {
  std::uint16_t id = 0, flags = 0, questions = 0, answers = 0, authorities = 0, additional = 0;
  Bytes question_section;
  std::string owner;  // of the record: an answer, or a SOA
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  ByteVector data;
  bool has_opt = false;
  std::uint16_t payload_size = 0;
  std::uint32_t opt_ttl = 0;
  bool has_error = false;
  std::uint16_t info_code = 0;
  std::string error_text;
  bool whole = false;  // read to its last byte
};

Message read_message(Bytes bytes, std::size_t question_bytes) {
  Message message;
  ByteReader reader(bytes);
  message.id = reader.u16();
  message.flags = reader.u16();
  message.questions = reader.u16();
  message.answers = reader.u16();
  message.authorities = reader.u16();
  message.additional = reader.u16();
  message.question_section = reader.take(question_bytes);
  if (message.answers + message.authorities == 1) {
    const std::size_t at = reader.position();
    const auto owner = dns::read_name(bytes, at);
    const auto record = dns::read_record(reader);
    if (!owner || !record) return message;
    std::array<char, name::kMaxTextBytes> text;
    message.owner = name::to_text(owner->name, text);
    message.type = static_cast<std::uint16_t>(record->type);
    message.ttl = record->ttl;
    const Bytes data = record->data_in(bytes);
    message.data.assign(data.begin(), data.end());
  }
  if (message.additional > 0) {
    message.has_opt = reader.u8() == 0 && reader.u16() == 41;
    message.payload_size = reader.u16();
    message.opt_ttl = reader.u32();
    ByteReader options(reader.take(reader.u16()));
    if (options.remaining() > 0) {
      message.has_error = options.u16() == 15;  // RFC 8914
      ByteReader option(options.take(options.u16()));
      message.info_code = option.u16();
      message.error_text = std::string(as_text(option.rest()));
    }
    message.whole = options.ok() && options.remaining() == 0;
  } else {
    message.whole = true;
  }
  message.whole = message.whole && reader.ok() && reader.remaining() == 0;
  return message;
}

// The bytes of one question for `name`, without compression.
std::size_t question_bytes(std::string_view name) {
  return name.size() + 2 + 4;
}

Message reply_to(std::string_view name, const test::QueryOptions& options,
                 const DnsRefusal& refusal = {.text = "wechat"}, Room room = Room::as_asked) {
  const auto talk = exchange(udp().payload(test::dns_query(name, options)).build(), refusal, room);
  return talk ? read_message(talk->answered.payload, question_bytes(name)) : Message{};
}

TEST(RefuseQuery, SaysThatThereIsNoSuchName) {
  const auto talk = exchange(udp().payload(test::dns_query("Web.WeChat.com")).build());
  ASSERT_TRUE(talk);
  EXPECT_TRUE(packet::checksums_hold(talk->answered));
  EXPECT_EQ(talk->answered.transport, packet::Transport::udp);
  EXPECT_EQ(talk->answered.source.to_string(), "198.51.100.2");
  EXPECT_EQ(talk->answered.destination.to_string(), "192.0.2.1");
  EXPECT_EQ(talk->answered.source_port, Port{53});
  EXPECT_EQ(talk->answered.destination_port, Port{5000});
  const Message message = read_message(talk->answered.payload, question_bytes("Web.WeChat.com"));
  EXPECT_TRUE(message.whole);
  EXPECT_EQ(message.id, 0x1234);
  EXPECT_EQ(message.flags, kFlags);
  EXPECT_EQ(message.questions, 1);
  EXPECT_EQ(message.answers + message.authorities + message.additional, 0);
  // Byte for byte: resolvers compare the letter case that they sent.
  EXPECT_EQ(as_text(message.question_section), as_text(talk->asked.payload.subspan(12)));
}

TEST(RefuseQuery, SaysBlockedIfTheQuestionHasEdnsAndRoom) {
  const Message message = reply_to("web.wechat.com", {.edns = true, .cookie = 8});
  EXPECT_TRUE(message.whole);
  EXPECT_TRUE(message.has_opt);
  EXPECT_EQ(message.payload_size, 1232);
  EXPECT_TRUE(message.has_error);
  EXPECT_EQ(message.info_code, 15);
  EXPECT_EQ(message.error_text, "wechat");
}

TEST(RefuseQuery, LeavesOutTextWithoutRoom) {
  // An OPT record without options: nothing fits into it.
  const Message bare = reply_to("web.wechat.com", {.edns = true});
  EXPECT_TRUE(bare.whole);
  EXPECT_TRUE(bare.has_opt);
  EXPECT_FALSE(bare.has_error);
  // The query's option is four bytes larger than its cookie. So the code fits from a cookie of two
  // bytes on, and each further byte leaves room for one byte of text.
  for (std::size_t cookie = 1; cookie <= 16; ++cookie) {
    const Message message = reply_to("web.wechat.com", {.edns = true, .cookie = cookie});
    EXPECT_TRUE(message.whole);
    EXPECT_EQ(message.has_error, cookie + 4 >= kWithoutText) << cookie;
    EXPECT_EQ(message.error_text, cookie >= kWithoutText - 4 + 6 ? "wechat" : "") << cookie;
  }
}

constexpr std::uint16_t kTypeSoa = 6;

// RFC 2308 section 5: without a SOA record nobody keeps the refusal, and asks again and again.
TEST(RefuseQuery, CarriesASoaThatTellsHowLongToKeepIt) {
  const DnsRefusal refusal{.has_soa = true, .zone_labels = 2, .ttl = 300, .text = "wechat"};
  const auto talk = exchange(udp().payload(test::dns_query("Web.WeChat.com")).build(), refusal,
                             Room::as_much_as_fits);
  ASSERT_TRUE(talk);
  EXPECT_TRUE(packet::checksums_hold(talk->answered));
  const Message message = read_message(talk->answered.payload, question_bytes("Web.WeChat.com"));
  EXPECT_TRUE(message.whole);
  EXPECT_EQ(message.flags, kFlags);
  EXPECT_EQ(message.answers, 0);
  EXPECT_EQ(message.authorities, 1);
  EXPECT_EQ(message.type, kTypeSoa);
  EXPECT_EQ(message.owner, "wechat.com");
  EXPECT_EQ(message.ttl, 300U);
  EXPECT_EQ(message.data.size(), 22U);
  ByteReader minimum(Bytes(message.data).last(4));
  EXPECT_EQ(minimum.u32(), 300U);
}

TEST(RefuseQuery, ASoaIsOfTheNameItselfWhereItsZoneIsUnknown) {
  for (const std::size_t labels : {std::size_t{3}, std::size_t{9}}) {
    EXPECT_EQ(reply_to("web.wechat.com", {}, {.has_soa = true, .zone_labels = labels},
                       Room::as_much_as_fits)
                  .owner,
              "web.wechat.com");
  }
}

TEST(RefuseQuery, SaysBlockedWhereverTheQuestionHasEdns) {
  for (std::size_t cookie = 0; cookie <= 16; ++cookie) {
    const Message message =
        reply_to("web.wechat.com", {.edns = true, .cookie = cookie},
                 {.has_soa = true, .text = "the list's name"}, Room::as_much_as_fits);
    EXPECT_TRUE(message.whole);
    EXPECT_TRUE(message.has_error);
    EXPECT_EQ(message.info_code, 15);
    EXPECT_EQ(message.error_text, "the list's name");
    EXPECT_EQ(message.type, kTypeSoa);
  }
}

TEST(RefuseQuery, CutsALongTextBetweenLetters) {
  const std::string letters = std::string(63, 'x') + "\u00e9\u00e9";
  const Message message =
      reply_to("web.wechat.com", {.edns = true}, {.text = letters}, Room::as_much_as_fits);
  EXPECT_EQ(message.error_text, std::string(63, 'x'));
}

TEST(RefuseQuery, AnswersWithASinkhole) {
  for (const char* address : {"192.0.2.80", "2001:db8::80"}) {
    const IpAddress sinkhole = *IpAddress::parse(address);
    const std::uint16_t qtype = sinkhole.is_v4() ? 1 : 28;
    const Message message =
        reply_to("web.wechat.com", {.qtype = qtype, .edns = true},
                 {.rcode = Rcode::no_error, .address = sinkhole, .ttl = 5}, Room::as_much_as_fits);
    EXPECT_TRUE(message.whole);
    EXPECT_EQ(message.flags, 0x8180);
    EXPECT_EQ(message.answers, 1);
    EXPECT_EQ(message.authorities, 0);
    EXPECT_EQ(message.owner, "web.wechat.com");
    EXPECT_EQ(message.type, qtype);
    EXPECT_EQ(message.ttl, 5U);
    EXPECT_EQ(as_text(message.data), as_text(sinkhole.wire()));
    EXPECT_TRUE(message.has_error);
  }
}

TEST(RefuseQuery, IsNoLargerThanTheClientTakes) {
  // A name of 255 bytes and questions behind it: 512 bytes are all that a client without EDNS
  // takes.
  const std::string label(60, 'a');
  const std::string name = label + "." + label + "." + label + "." + label;
  ByteVector question = test::dns_query(name);
  question.resize(490);
  const auto talk =
      exchange(udp().payload(question).build(), {.has_soa = true}, Room::as_much_as_fits);
  ASSERT_TRUE(talk);
  EXPECT_LE(talk->answered.payload.size(), 512U);
}

// The client reads the answer and the end of the connection in one segment.
TEST(RefuseOverTcp, IsASegmentWithTheMessageBehindItsLength) {
  const ByteVector message = test::dns_query("web.wechat.com", {.edns = true});
  const auto query = std::make_unique<dns::Query>();
  ASSERT_TRUE(dns::parse_query(message, *query));
  const ByteVector frame = FrameBuilder("192.0.2.1:5000", "198.51.100.2:53")
                               .tcp(1000, 5000, "PA")
                               .payload(test::framed(message))
                               .build();
  const auto asked = packet::decode(frame, LinkType::ethernet);
  ByteVector out(frame.size() + kMostGrowth);
  const Bytes reply = refuse_over_tcp(*asked, Direction::back, {5000, 1042}, message, *query,
                                      {.has_soa = true, .zone_labels = 2, .text = "wechat"}, out);
  const auto answered = packet::decode(reply, LinkType::ethernet);
  ASSERT_TRUE(answered);
  EXPECT_TRUE(packet::checksums_hold(*answered));
  EXPECT_EQ(answered->source_port, Port{53});
  EXPECT_EQ(answered->tcp.sequence, 5000U);
  EXPECT_EQ(answered->tcp.acknowledgment, 1042U);
  EXPECT_TRUE(answered->tcp.fin && answered->tcp.ack && !answered->tcp.rst);
  ByteReader reader(answered->payload);
  EXPECT_EQ(reader.u16(), answered->payload.size() - 2);
  const Message read = read_message(reader.rest(), question_bytes("web.wechat.com"));
  EXPECT_TRUE(read.whole);
  EXPECT_EQ(read.owner, "wechat.com");
  EXPECT_EQ(read.error_text, "wechat");
}

TEST(RefuseQuery, HasNoOptIfTheQuestionHasNone) {
  ByteVector question = test::dns_query("web.wechat.com");
  question.resize(question.size() + 40);  // room, but no EDNS
  const auto talk = exchange(udp().payload(question).build());
  ASSERT_TRUE(talk);
  const Message message = read_message(talk->answered.payload, question_bytes("web.wechat.com"));
  EXPECT_TRUE(message.whole);
  EXPECT_EQ(message.additional, 0);
}

// | header | pointer to 18 | type, class | 6 WeChat 3 com 0 |: in a reply it would lead nowhere.
TEST(RefuseQuery, AForwardPointerIsWrittenOut) {
  ByteVector question = test::dns_query("");
  question.resize(12);
  test::append(question, as_bytes("\xc0\x12\0\1\0\1\6WeChat\3com\0"sv));
  const auto talk = exchange(udp().payload(question).build());
  ASSERT_TRUE(talk);
  const Message message = read_message(talk->answered.payload, question_bytes("wechat.com"));
  EXPECT_TRUE(message.whole);
  EXPECT_EQ(as_text(message.question_section), "\6WeChat\3com\0\0\1\0\1"sv);
}

TEST(RefuseQuery, QuestionsThatDoNotFitWithoutCompressionGetNoReply) {
  // Two pointers lead forward to one name, so it would stand in the reply twice.
  ByteVector question = test::dns_query("");
  question.resize(12);
  test::append(question, as_bytes("\xc0\x18\0\1\0\1\xc0\x18\0\x1c\0\1\6WeChat\3com\0"sv));
  question[5] = std::byte{2};
  const auto query = std::make_unique<dns::Query>();
  ASSERT_TRUE(dns::parse_query(question, *query));
  const ByteVector frame = udp().payload(question).build();
  const auto asked = packet::decode(frame, LinkType::ethernet);
  ByteVector out(2 * frame.size());
  EXPECT_TRUE(refuse_query(*asked, Direction::back, *query, {}, Room::as_asked, out).empty());
}

TEST(RefuseQuery, CopiesTheBitsThatRepliesCopy) {
  ByteVector question = test::dns_query("a.wechat.com", {.edns = true});
  question[2] = std::byte{0x00};                    // no recursion desired
  question[3] = std::byte{0x10};                    // checking disabled
  question[question.size() - 4] = std::byte{0x80};  // DO
  const auto talk = exchange(udp().payload(question).build());
  ASSERT_TRUE(talk);
  const Message message = read_message(talk->answered.payload, question_bytes("a.wechat.com"));
  EXPECT_EQ(message.flags, 0x8000 | 0x0080 | 0x0010 | 3);
  EXPECT_EQ(message.opt_ttl, 0x8000U);
}

TEST(RefuseQuery, KeepsTagsAndFamily) {
  const auto talk = exchange(FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53")
                                 .vlan(100)
                                 .vlan(7)
                                 .payload(test::dns_query("wechat.com"))
                                 .build());
  ASSERT_TRUE(talk);
  EXPECT_TRUE(packet::checksums_hold(talk->answered));
  EXPECT_EQ(talk->answered.vlan_tags, 2);
  EXPECT_EQ(talk->answered.vlan, talk->asked.vlan);
  EXPECT_EQ(talk->answered.destination, talk->asked.source);
  EXPECT_EQ(as_text(Bytes(talk->reply).first(6)), as_text(Bytes(talk->question).subspan(6, 6)));
  EXPECT_EQ(as_text(Bytes(talk->reply).subspan(6, 6)), as_text(Bytes(talk->question).first(6)));
}

TEST(RefuseQuery, LeavesOutIpOptions) {
  ByteVector frame = udp().payload(test::dns_query("wechat.com")).build();
  constexpr std::size_t kIp = 14;
  frame.insert(frame.begin() + kIp + 20, 4, std::byte{1});  // no-operation, four times
  frame[kIp] = std::byte{0x46};
  frame[kIp + 3] = static_cast<std::byte>(std::to_integer<unsigned>(frame[kIp + 3]) + 4);
  const auto talk = exchange(frame);
  ASSERT_TRUE(talk);
  EXPECT_TRUE(packet::checksums_hold(talk->answered));
  EXPECT_EQ(talk->reply.size(), talk->question.size() - 4);
}

// RFC 768: a checksum of zero would say that there is none; over IPv6 it would be refused.
TEST(RefuseQuery, AChecksumIsNeverZero) {
  std::size_t all_ones = 0;
  for (unsigned id = 0; id < 0x10000; ++id) {
    const auto talk =
        exchange(FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53")
                     .payload(test::dns_query("wechat.com", {.id = static_cast<std::uint16_t>(id)}))
                     .build());
    ASSERT_TRUE(talk);
    ASSERT_TRUE(packet::checksums_hold(talk->answered)) << id;
    ByteReader header(talk->answered.segment);
    header.skip(6);
    if (header.u16() == 0xffff) ++all_ones;
  }
  EXPECT_GT(all_ones, 0U);
}

TEST(RefuseQuery, MakesNothingForTcpOrWithoutRoom) {
  const ByteVector message = test::dns_query("wechat.com");
  const auto query = std::make_unique<dns::Query>();
  ASSERT_TRUE(dns::parse_query(message, *query));
  const ByteVector tcp =
      FrameBuilder("192.0.2.1:5000", "198.51.100.2:53").tcp(1, 1, "PA").payload(message).build();
  ByteVector out(tcp.size());
  EXPECT_TRUE(refuse_query(*packet::decode(tcp, LinkType::ethernet), Direction::back, *query, {},
                           Room::as_asked, out)
                  .empty());
  const ByteVector frame = udp().payload(message).build();
  const auto asked = packet::decode(frame, LinkType::ethernet);
  for (std::size_t room = 0; room < frame.size(); ++room) {
    EXPECT_TRUE(refuse_query(*asked, Direction::back, *query, {}, Room::as_asked,
                             MutableBytes(out).first(room))
                    .empty())
        << room;
  }
  EXPECT_EQ(refuse_query(*asked, Direction::back, *query, {}, Room::as_asked, out).size(),
            frame.size());
}

// Several questions, the later ones compressed into the first; perhaps OPT; perhaps trailing bytes.
ByteVector some_question(std::mt19937& random) {
  std::string name;
  for (auto labels = 1 + random() % 5; labels > 0; --labels) {
    if (!name.empty()) name += '.';
    name += std::string(1 + random() % (random() % 4 == 0 ? 60 : 10),
                        static_cast<char>('A' + random() % 58));
  }
  if (name.size() > 250) name.resize(20);
  ByteVector message = test::dns_query(name, {.id = static_cast<std::uint16_t>(random()),
                                              .qtype = static_cast<std::uint16_t>(random() % 70),
                                              .edns = random() % 2 == 0,
                                              .cookie = random() % 24});
  const auto more = random() % 4;
  message[5] = static_cast<std::byte>(1 + more);
  ByteVector compressed;
  for (unsigned i = 0; i < more; ++i) {
    test::append_u8(compressed, 1);
    test::append_u8(compressed, 'a' + i);
    test::append_u16(compressed, 0xc00c);  // the first question's name
    test::append_u32(compressed, 0x00010001);
  }
  const auto behind_first = static_cast<std::ptrdiff_t>(12 + question_bytes(name));
  message.insert(message.begin() + behind_first, compressed.begin(), compressed.end());
  message.resize(message.size() + (random() % 3 == 0 ? random() % 30 : 0));
  return message;
}

TEST(RefuseQueryProperty, IsNoLargerThanItMayBeAndAlwaysWhole) {
  std::mt19937 random(8914);
  for (int round = 0; round < 20000; ++round) {
    const bool v4 = random() % 2 == 0;
    FrameBuilder builder(v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000",
                         v4 ? "198.51.100.2:53" : "[2001:db8::2]:53");
    for (auto tags = random() % (packet::kMaxVlanTags + 1); tags > 0; --tags) {
      builder.vlan(static_cast<std::uint16_t>(random() % 4095));
    }
    builder.payload(some_question(random)).padding(random() % 3 == 0 ? random() % 18 : 0);
    const std::string text(random() % 40, 't');
    const bool grows = random() % 2 == 0;
    DnsRefusal refusal{.has_soa = random() % 2 == 0, .zone_labels = random() % 4, .text = text};
    if (random() % 3 == 0) refusal.address = *IpAddress::parse("192.0.2.80");
    const auto talk =
        exchange(builder.build(), refusal, grows ? Room::as_much_as_fits : Room::as_asked);
    ASSERT_TRUE(talk) << round;
    const std::size_t growth = grows ? kMostGrowth : 0;
    ASSERT_LE(talk->answered.payload.size(), talk->asked.payload.size() + growth) << round;
    ASSERT_LE(talk->reply.size(), talk->question.size() + growth) << round;
    if (grows) {
      ASSERT_LE(talk->answered.payload.size(),
                std::max<std::size_t>(talk->asked.payload.size(), 1232))
          << round;
    }
    ASSERT_TRUE(packet::checksums_hold(talk->answered)) << round;
    ASSERT_EQ(talk->answered.source, talk->asked.destination);
    ASSERT_EQ(talk->answered.vlan, talk->asked.vlan);

    const auto query = std::make_unique<dns::Query>();
    ASSERT_TRUE(dns::parse_query(talk->asked.payload, *query));
    const std::size_t bytes = query->questions_end - dns::kHeaderBytes;
    const Message message = read_message(talk->answered.payload, bytes);
    ASSERT_TRUE(message.whole) << round;
    ASSERT_EQ(message.id, query->id);
    ASSERT_EQ(message.questions, query->count);
    ASSERT_EQ(as_text(message.question_section),
              as_text(talk->asked.payload.subspan(dns::kHeaderBytes, bytes)));
    ASSERT_EQ(message.has_opt, query->has_edns) << round;  // OPT has at least the size of ours
    ASSERT_TRUE(message.error_text.empty() || message.error_text == text);
  }
}

}  // namespace
}  // namespace sluice::craft
