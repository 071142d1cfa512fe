#include "gateway/dataplane/pcap/capture_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/capture_writer.h"
#include "tests/support/pcapng_writer.h"

namespace sluice::io {
namespace {

namespace fs = std::filesystem;
using test::ByteVector;
using test::TimedFrame;

class Capture : public testing::Test {
 protected:
  Capture() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / ("sluice_" + std::string(info->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Capture() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const char* name) const { return folder_ / name; }
  static std::string contents(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  // Frames of different lengths and times, `count` of them.
  static std::vector<TimedFrame> frames(std::size_t count) {
    std::vector<TimedFrame> result;
    for (std::size_t i = 0; i < count; ++i) {
      result.push_back({std::chrono::seconds(1'700'000'000) + Nanos{i * 1001},
                        ByteVector(60 + i % 100, static_cast<std::byte>(i))});
    }
    return result;
  }
  // All frames, with one verdict for each by its number.
  template <typename Decide>
  static std::vector<TimedFrame> run(CaptureFile& capture, Decide&& decide) {
    std::vector<TimedFrame> seen;
    Batch batch;
    while (capture.poll(batch) == Poll::frames) {
      std::vector<FrameVerdict> verdicts;
      for (std::size_t i = 0; i < batch.count; ++i) {
        const Frame& frame = batch.frames[i];
        seen.push_back(
            {frame.time, ByteVector(frame.bytes.begin(), frame.bytes.end()), frame.wire_length});
        verdicts.push_back({decide(frame.number)});
      }
      capture.submit(verdicts);
    }
    return seen;
  }

 private:
  fs::path folder_;
};

constexpr auto kPassAll = [](std::uint64_t) { return Verdict::pass; };

TEST_F(Capture, WhatPassesIsWrittenAsItWas) {
  const auto input = frames(300);
  write_pcap(file("in"), input);
  {
    auto capture = CaptureFile::open(file("in"), file("out"));
    ASSERT_TRUE(capture) << capture.error();
    run(**capture, [](std::uint64_t number) {
      return number % 3 == 0 ? Verdict::drop : number % 3 == 1 ? Verdict::pass : Verdict::pass_flow;
    });
    EXPECT_EQ((*capture)->error(), "");
  }
  auto output = CaptureFile::open(file("out"), {});
  ASSERT_TRUE(output) << output.error();
  const auto seen = run(**output, kPassAll);
  ASSERT_EQ(seen.size(), 200U);
  for (std::size_t i = 0, from = 0; i < seen.size(); ++i, ++from) {
    if (from % 3 == 2) ++from;
    EXPECT_EQ(seen[i].bytes, input[from].bytes);
    EXPECT_EQ(seen[i].time, input[from].time);
  }
}

TEST_F(Capture, WhatIsReplacedIsWrittenInItsPlace) {
  const auto input = frames(3);
  write_pcap(file("in"), input);
  {
    auto capture = CaptureFile::open(file("in"), file("out"));
    ASSERT_TRUE(capture) << capture.error();
    EXPECT_TRUE((*capture)->capabilities().replace);
    Batch batch;
    ASSERT_EQ((*capture)->poll(batch), Poll::frames);
    EXPECT_FALSE((*capture)->replace(1, ByteVector(62)));  // larger than what came in
    EXPECT_TRUE((*capture)->replace(1, ByteVector(40, std::byte{7})));
    (*capture)->submit(
        std::vector<FrameVerdict>{{Verdict::pass}, {Verdict::replace}, {Verdict::pass}});
  }
  auto output = CaptureFile::open(file("out"), {});
  ASSERT_TRUE(output) << output.error();
  const auto seen = run(**output, kPassAll);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].bytes, input[0].bytes);
  EXPECT_EQ(seen[1].bytes, ByteVector(40, std::byte{7}));
  EXPECT_EQ(seen[1].wire_size, 40U);
  EXPECT_EQ(seen[1].time, input[1].time);
  EXPECT_EQ(seen[2].bytes, input[2].bytes);
}

TEST_F(Capture, ACutFrameKeepsItsLengthOnTheWire) {
  write_pcap(file("in"), std::vector<TimedFrame>{{Nanos{0}, ByteVector(96), 1514}});
  auto capture = CaptureFile::open(file("in"), {});
  ASSERT_TRUE(capture);
  const auto seen = run(**capture, kPassAll);
  EXPECT_EQ(seen.at(0).wire_size, 1514U);
  EXPECT_EQ((*capture)->cut_frames(), 1U);
}

TEST_F(Capture, ATruncatedFileGivesWhatIsThereAndNamesThePacket) {
  write_pcap(file("in"), frames(10));
  const std::string whole = contents(file("in"));
  write(file("cut"), std::string_view(whole).substr(0, whole.size() - 5));
  auto capture = CaptureFile::open(file("cut"), {});
  ASSERT_TRUE(capture) << capture.error();
  EXPECT_EQ(run(**capture, kPassAll).size(), 9U);
  EXPECT_NE((*capture)->error().find("packet 10"), std::string::npos) << (*capture)->error();
  EXPECT_NE((*capture)->error().find("cut"), std::string::npos);
}

TEST_F(Capture, EveryCutOfAFileEnds) {
  write_pcap(file("in"), frames(3));
  const std::string whole = contents(file("in"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    write(file("cut"), std::string_view(whole).substr(0, length));
    auto capture = CaptureFile::open(file("cut"), {});
    const std::size_t seen = capture ? run(**capture, kPassAll).size() : 0;
    EXPECT_LT(seen, 3U) << length;
  }
}

TEST_F(Capture, WhatCannotBeReadIsRefusedByName) {
  write(file("garbage"), "this is no capture at all, whatever its name says");
  write(file("empty"), "");
  for (const char* name : {"garbage", "empty", "missing"}) {
    const auto capture = CaptureFile::open(file(name), {});
    ASSERT_FALSE(capture);
    EXPECT_NE(capture.error().find(name), std::string::npos) << capture.error();
  }
}

TEST_F(Capture, AnOutputThatCannotBeWrittenIsRefusedByName) {
  write_pcap(file("in"), frames(1));
  const auto capture = CaptureFile::open(file("in"), file("no-such-folder") / "out");
  ASSERT_FALSE(capture);
  EXPECT_NE(capture.error().find("no-such-folder"), std::string::npos) << capture.error();
}

// Whatever their number: the end may come with the last batch, or after it.
TEST_F(Capture, AnOutputThatTakesNothingIsToldOf) {
  for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 128U}) {
    write_pcap(file("in"), frames(count));
    auto capture = CaptureFile::open(file("in"), "/dev/full");
    ASSERT_TRUE(capture) << capture.error();
    run(**capture, kPassAll);
    EXPECT_NE((*capture)->error().find("/dev/full: cannot be written"), std::string::npos) << count;
  }
}

// draft-ietf-opsawg-pcapng: section header, one Ethernet interface, one enhanced packet.
TEST_F(Capture, ReadsPcapng) {
  constexpr std::string_view kFile(
      "\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0"
      "\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0"
      "\x01\0\0\0\x14\0\0\0\x01\0\0\0\0\0\x04\0\x14\0\0\0"
      "\x06\0\0\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0"
      "abcd"
      "\x24\0\0\0",
      28 + 20 + 36);
  write(file("in.pcapng"), kFile);
  auto capture = CaptureFile::open(file("in.pcapng"), {});
  ASSERT_TRUE(capture) << capture.error();
  const auto seen = run(**capture, kPassAll);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(as_text(seen[0].bytes), "abcd");
}

// Such a file cannot be told in classic pcap: what is left out is said.
TEST_F(Capture, ReadsPcapngOfSeveralLinkTypesAndWritesOne) {
  test::PcapngWriter input;
  input.section().interface(LinkType::raw).interface(LinkType::ethernet, 96);
  input.enhanced(0, 1'000'001, "bare").enhanced(1, 2'000'000, "ether").enhanced(0, 3'000'000, "b");
  write(file("in.pcapng"), as_text(input.file()));
  {
    auto capture = CaptureFile::open(file("in.pcapng"), file("out"));
    ASSERT_TRUE(capture) << capture.error();
    EXPECT_EQ(run(**capture, kPassAll).size(), 3U);
    EXPECT_NE((*capture)->error().find("out: 1 packets have another link type"), std::string::npos);
  }
  auto output = CaptureFile::open(file("out"), {});
  ASSERT_TRUE(output) << output.error();
  const auto seen = run(**output, kPassAll);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(as_text(seen[0].bytes), "bare");
  EXPECT_EQ(seen[0].time, std::chrono::seconds(1) + Nanos(1000));
}

TEST_F(Capture, ADamagedPcapngNamesThePacketAndTheReason) {
  test::PcapngWriter input;
  input.section().interface(LinkType::raw).enhanced(0, 0, "one").enhanced(7, 0, "two");
  write(file("in.pcapng"), as_text(input.file()));
  auto capture = CaptureFile::open(file("in.pcapng"), {});
  ASSERT_TRUE(capture) << capture.error();
  EXPECT_EQ(run(**capture, kPassAll).size(), 1U);
  EXPECT_NE((*capture)->error().find(
                "packet 2: a packet names an interface that the file does not describe"),
            std::string::npos);
  write(file("cut.pcapng"), as_text(input.file()).substr(0, 40));
  const auto cut = CaptureFile::open(file("cut.pcapng"), {});
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().find("the file ends in the middle of a block"), std::string::npos);
}

TEST_F(Capture, StopEndsIt) {
  write_pcap(file("in"), frames(1000));
  auto capture = CaptureFile::open(file("in"), {});
  ASSERT_TRUE(capture);
  Batch batch;
  EXPECT_EQ((*capture)->poll(batch), Poll::frames);
  (*capture)->stop();
  EXPECT_EQ((*capture)->poll(batch), Poll::ended);
}

TEST_F(Capture, KeepsTheLinkType) {
  write_pcap(file("in"), frames(1), LinkType::linux_sll2);
  auto capture = CaptureFile::open(file("in"), {});
  ASSERT_TRUE(capture);
  Batch batch;
  ASSERT_EQ((*capture)->poll(batch), Poll::frames);
  EXPECT_EQ(batch.frames[0].link, LinkType::linux_sll2);
}

}  // namespace
}  // namespace sluice::io
