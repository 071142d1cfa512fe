#include "filters/http2/frames.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/http2_builder.h"

namespace sluice::http2 {
namespace {

using test::append;
using test::byte_vector;
using test::ByteVector;
using test::http2_frame;
using test::joined;
using test::kContinuation;
using test::kData;
using test::kEndHeaders;
using test::kHeaders;
using test::kPadded;
using test::kPriority;
using test::kPushPromise;

std::string preface_outcome(std::string_view text) {
  const auto size = parse_preface(as_bytes(text));
  if (size) return std::to_string(*size);
  switch (size.error()) {
    case PrefaceError::need_more:
      return "need_more";
    case PrefaceError::malformed:
      return "malformed";
    case PrefaceError::not_preface:
      break;
  }
  return "not_preface";
}

TEST(Preface, IsToldFromARequest) {
  const std::string preface(kPreface);
  for (std::size_t size = 1; size < preface.size(); ++size) {
    EXPECT_EQ(preface_outcome(preface.substr(0, size)), "need_more");
  }
  EXPECT_EQ(preface_outcome(preface), "24");
  EXPECT_EQ(preface_outcome(preface + "more"), "24");
  EXPECT_EQ(preface_outcome("\r\n\n" + preface), "27");
  for (const char* other : {"", "\r\n", "GET / HTTP/1.1\r\n", "PRI * HTTP/1.1\r\n", "PRINT /",
                            "PRI * HTTP/2.0\n", "pri * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    EXPECT_EQ(preface_outcome(other), "not_preface") << other;
  }
}

TEST(PrefaceEvasion, AnotherEnd) {
  EXPECT_EQ(preface_outcome("PRI * HTTP/2.0\r\nHost: wechat.com\r\n\r\n"), "malformed");
  EXPECT_EQ(preface_outcome("PRI * HTTP/2.0\r\n\r\nsm\r\n\r\n"), "malformed");
}

class FramesTest : public testing::Test {
 protected:
  // "size+skip", then ":block" where there is one; or the error.
  std::string outcome(Bytes stream) {
    const FramesRead read = read_frames(stream, *room_);
    if (!read.frames) {
      switch (read.frames.error()) {
        case FrameError::need_more:
          EXPECT_GT(read.needed, stream.size());
          return "need_more";
        case FrameError::malformed:
          return "malformed";
        case FrameError::too_large:
          return "too_large";
      }
    }
    std::string text = std::to_string(read.frames->size) + '+' + std::to_string(read.frames->skip);
    if (read.frames->block) text += ':' + std::string(as_text(*read.frames->block));
    return text;
  }

  std::unique_ptr<BlockRoom> room_ = std::make_unique<BlockRoom>();
};

TEST_F(FramesTest, SkipsWhatHasNoFields) {
  EXPECT_EQ(outcome(http2_frame(kData, 1, 1, byte_vector("hello"))), "9+5");
  EXPECT_EQ(outcome(byte_vector(std::string_view("\xff\xff\xff\0\0\0\0\0\1", 9))), "9+16777215");
  for (const unsigned type : {2U, 3U, 4U, 6U, 7U, 8U, 10U, 16U, 255U}) {
    EXPECT_EQ(outcome(http2_frame(type, 0xff, 0, byte_vector("x"))), "9+1") << type;
  }
}

TEST_F(FramesTest, TakesPaddingAndPriorityOff) {
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders, 1, byte_vector("block"))), "14+0:block");
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders | kPadded, 1, byte_vector("\3blockpad"))),
            "18+0:block");
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders | kPriority, 1, byte_vector("dependblock"))),
            "20+0:dblock");
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders | kPriority | kPadded, 1,
                                byte_vector("\2wxyz.blockpd"))),
            "22+0:block");
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders, 0x80000001U, {})), "9+0:") << "reserved bit";
}

TEST_F(FramesTest, PutsABlockTogether) {
  EXPECT_EQ(outcome(joined({http2_frame(kHeaders, kPadded, 3, byte_vector("\1bl.")),
                            http2_frame(kContinuation, 0, 3, {}),
                            http2_frame(kContinuation, kPadded, 3, byte_vector("oc")),
                            http2_frame(kContinuation, kEndHeaders, 3, byte_vector("k")),
                            http2_frame(kData, 0, 3, byte_vector("x"))})),
            "43+0:block");
}

TEST_F(FramesTest, EvasionFramesOutOfOrder) {
  const ByteVector end = http2_frame(kContinuation, kEndHeaders, 1, byte_vector("x"));
  for (const ByteVector& stream :
       {end, http2_frame(kPushPromise, kEndHeaders, 1, byte_vector("pushx")),
        http2_frame(kHeaders, kEndHeaders, 0, byte_vector("x")),
        joined({http2_frame(kHeaders, 0, 1, byte_vector("x")), http2_frame(kData, 0, 1, {}), end}),
        joined({http2_frame(kHeaders, 0, 3, byte_vector("x")), end}),
        joined({http2_frame(kHeaders, 0, 1, byte_vector("x")), http2_frame(kHeaders, 0, 1), end}),
        http2_frame(kHeaders, kEndHeaders | kPadded, 1, {}),
        http2_frame(kHeaders, kEndHeaders | kPadded, 1, byte_vector("\3xy")),
        http2_frame(kHeaders, kEndHeaders | kPriority, 1, byte_vector("1234"))}) {
    EXPECT_EQ(outcome(stream), "malformed");
  }
}

TEST_F(FramesTest, HasABound) {
  const ByteVector most(16 * 1024, std::byte{'x'});
  EXPECT_EQ(outcome(http2_frame(kHeaders, kEndHeaders, 1, most)).substr(0, 8), "16393+0:");
  ByteVector more = most;
  more.push_back(std::byte{'x'});
  EXPECT_EQ(outcome(Bytes(http2_frame(kHeaders, kEndHeaders, 1, more)).first(9)), "too_large");
  ByteVector flood = http2_frame(kHeaders, 0, 1, {});
  for (int i = 0; i < 2000; ++i) append(flood, http2_frame(kContinuation, 0, 1, {}));
  EXPECT_EQ(outcome(flood), "too_large");
}

TEST_F(FramesTest, PropertyAPrefixNeedsMoreOrSaysWhatTheWholeSays) {
  for (const ByteVector& stream :
       {joined({http2_frame(kHeaders, kPadded | kPriority, 3, byte_vector("\1depend.bl.")),
                http2_frame(kContinuation, 0, 3, byte_vector("oc")),
                http2_frame(kContinuation, kEndHeaders, 3, byte_vector("k"))}),
        joined({http2_frame(kHeaders, 0, 3, byte_vector("x")), http2_frame(kData, 0, 3, {})}),
        http2_frame(kData, 0, 1, byte_vector("x"))}) {
    const std::string whole = outcome(stream);
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      const ByteVector cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string read = outcome(cut);
      EXPECT_TRUE(read == "need_more" || read == whole) << size;
    }
  }
}

}  // namespace
}  // namespace sluice::http2
