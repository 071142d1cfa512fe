#include "gateway/telemetry/audit_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "gateway/telemetry/file_sink.h"
#include "gateway/telemetry/tee_sink.h"

namespace sluice::telemetry {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

constexpr auto kPatience = std::chrono::seconds(20);

class Writer : public testing::Test {
 protected:
  Writer() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("sluice_audit_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Writer() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const char* name = "audit.jsonl") const { return folder_ / name; }

  static void push(AuditRing& ring, std::uint32_t number) {
    AuditRecord* const record = ring.reserve();
    ASSERT_NE(record, nullptr);
    *record = AuditRecord();
    record->line = number;
    ring.commit();
  }
  static std::unique_ptr<AuditWriter> write_to(const fs::path& path,
                                               std::vector<AuditRing*> rings) {
    auto sink = FileSink::open(path);
    if (!sink) return nullptr;
    return std::make_unique<AuditWriter>(std::move(*sink), AuditOptions(), std::move(rings));
  }
  // The `line` of each record in a file; throws if a line is not JSON.
  static std::vector<int> lines(const fs::path& path) {
    std::ifstream stream(path);
    std::vector<int> numbers;
    for (std::string text; std::getline(stream, text);) add_number(text, numbers);
    return numbers;
  }
  // What is no decision has none.
  static void add_number(const std::string& text, std::vector<int>& numbers) {
    const auto record = nlohmann::json::parse(text);
    if (record.contains("kind")) return;
    numbers.push_back(record.at("line"));
  }
  static std::vector<int> numbers_in(const std::vector<std::string>& texts) {
    std::vector<int> numbers;
    for (const std::string& text : texts) add_number(text, numbers);
    return numbers;
  }
  // The writer has its own thread, so tests wait for what it does, up to a limit.
  template <typename Condition>
  static bool becomes(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  fs::path folder_;
};

TEST_F(Writer, WritesALineForEachRecord) {
  AuditRing ring(16);
  const auto writer = write_to(file(), {&ring});
  ASSERT_NE(writer, nullptr);
  for (std::uint32_t i = 1; i <= 3; ++i) push(ring, i);
  EXPECT_TRUE(becomes([&] { return writer->written() == 3; }));
  EXPECT_THAT(lines(file()), ElementsAre(1, 2, 3));  // on the disk before stop()
  EXPECT_EQ(writer->failed(), 0U);
}

TEST_F(Writer, WritesWhatIsLeftWhenItStops) {
  AuditRing ring(16);
  const auto writer = write_to(file(), {&ring});
  ASSERT_NE(writer, nullptr);
  for (std::uint32_t i = 1; i <= 10; ++i) push(ring, i);
  writer->stop();
  EXPECT_EQ(lines(file()).size(), 10U);
  EXPECT_EQ(writer->written(), 10U);
  writer->stop();  // again is harmless
  EXPECT_EQ(lines(file()).size(), 10U);
}

TEST_F(Writer, DrainsEveryRing) {
  AuditRing one(4);
  AuditRing two(4);
  const auto writer = write_to(file(), {&one, &two});
  ASSERT_NE(writer, nullptr);
  push(one, 1);
  push(two, 2);
  writer->stop();
  EXPECT_THAT(lines(file()), testing::UnorderedElementsAre(1, 2));
}

TEST_F(Writer, AppendsToWhatIsThere) {
  AuditRing ring(4);
  for (std::uint32_t i = 1; i <= 2; ++i) {
    const auto writer = write_to(file(), {&ring});
    ASSERT_NE(writer, nullptr);
    push(ring, i);
    writer->stop();
  }
  EXPECT_THAT(lines(file()), ElementsAre(1, 2));
}

TEST_F(Writer, OpensTheFileAgainAfterRotation) {
  AuditRing ring(16);
  const auto writer = write_to(file(), {&ring});
  ASSERT_NE(writer, nullptr);
  push(ring, 1);
  ASSERT_TRUE(becomes([&] { return writer->written() == 1; }));
  fs::rename(file(), file("audit.jsonl.1"));
  writer->reopen();
  ASSERT_TRUE(becomes([&] { return fs::exists(file()); }));
  push(ring, 2);
  writer->stop();
  EXPECT_THAT(lines(file("audit.jsonl.1")), ElementsAre(1));
  EXPECT_THAT(lines(file()), ElementsAre(2));
}

TEST_F(Writer, AFullDiskIsCountedAndDoesNotStopIt) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  AuditRing ring(4);
  const auto writer = write_to("/dev/full", {&ring});
  ASSERT_NE(writer, nullptr);
  push(ring, 1);
  ASSERT_TRUE(becomes([&] { return writer->failed() == 1; }));
  push(ring, 2);
  writer->stop();
  EXPECT_EQ(writer->failed(), 2U);
  EXPECT_EQ(writer->written(), 0U);
}

// A destination other than a file, which fails on demand.
class MemorySink final : public AuditSink {
 public:
  struct Log {
    std::atomic<bool> broken = false;
    std::atomic<int> reopened = 0;
    std::vector<std::string> lines;  // read after the writer has stopped
  };
  explicit MemorySink(Log& log) : log_(log) {}
  void write(std::span<const std::string> lines) override {
    pending_.assign(lines.begin(), lines.end());
  }
  bool flush() override {
    if (log_.broken) return false;
    log_.lines.insert(log_.lines.end(), pending_.begin(), pending_.end());
    return true;
  }
  bool reopen() override { return ++log_.reopened > 0; }
  [[nodiscard]] std::string error() const override { return "broken"; }

 private:
  Log& log_;
  std::vector<std::string> pending_;
};

TEST_F(Writer, CountsWhatAnySinkLosesAndGoesOn) {
  AuditRing ring(16);
  MemorySink::Log log;
  log.broken = true;
  AuditWriter writer(std::make_unique<MemorySink>(log), {}, {&ring});
  push(ring, 1);
  ASSERT_TRUE(becomes([&] { return writer.failed() == 1; }));
  log.broken = false;
  push(ring, 2);
  ASSERT_TRUE(becomes([&] { return writer.written() == 1; }));
  writer.reopen();
  ASSERT_TRUE(becomes([&] { return log.reopened == 1; }));
  writer.stop();
  EXPECT_THAT(numbers_in(log.lines), ElementsAre(2));
}

// Bug: only the log told what a second destination lost.
TEST_F(Writer, CountsApartWhatASecondDestinationLoses) {
  AuditRing ring(16);
  MemorySink::Log first, second;
  second.broken = true;
  std::vector<std::unique_ptr<AuditSink>> others;
  others.push_back(std::make_unique<MemorySink>(second));
  AuditWriter writer(
      std::make_unique<TeeSink>(std::make_unique<MemorySink>(first), std::move(others)), {},
      {&ring});
  push(ring, 1);
  ASSERT_TRUE(becomes([&] { return writer.lost_beside() == 2; })) << "the start, and the record";
  writer.stop();
  EXPECT_EQ(writer.failed(), 0U);
  EXPECT_EQ(writer.written(), 1U);
}

// What was lost is said where it is missing, and the chain goes on behind what was written.
TEST_F(Writer, TheTrailSaysWhatIsMissingAndStaysWhole) {
  AuditRing ring(16);
  MemorySink::Log log;
  const auto before = audit::parse_chain_value(std::string(32, 'a')).value();
  AuditWriter writer(std::make_unique<MemorySink>(log), {.chain = true, .chain_key = "k"}, {&ring},
                     {}, before);
  push(ring, 1);
  ASSERT_TRUE(becomes([&] { return writer.written() == 1; }));
  log.broken = true;
  push(ring, 2);
  push(ring, 3);
  ASSERT_TRUE(becomes([&] { return writer.failed() == 2; }));
  log.broken = false;
  writer.note({.result = "ok", .generation = 7, .lists = {{"chat", "chat", "aa", 3}}});
  push(ring, 4);
  ASSERT_TRUE(becomes([&] { return writer.written() == 2; }));
  writer.stop();
  EXPECT_THAT(numbers_in(log.lines), ElementsAre(1, 4));
  std::vector<std::string> kinds;
  audit::Chain chain("k", before);
  for (const std::string& line : log.lines) {
    const auto record = nlohmann::json::parse(line);
    kinds.push_back(record.value("kind", "decision"));
    auto split = audit::split_chained(line);
    ASSERT_TRUE(split) << line;
    chain.add(split->body);
    EXPECT_EQ(split->body, line);
    if (kinds.back() == "lost") {
      EXPECT_EQ(record.at("records"), 2);
    }
    if (kinds.back() == "update") {
      EXPECT_EQ(record.at("lists").at(0).at("version"), "aa");
    }
  }
  EXPECT_THAT(kinds, ElementsAre("start", "decision", "lost", "update", "decision"));
}

TEST_F(Writer, ATrailInEveIsAChainThatBeginsWithItsStart) {
  AuditRing ring(4);
  MemorySink::Log log;
  AuditWriter writer(std::make_unique<MemorySink>(log),
                     {.format = AuditFormat::eve, .chain = true, .chain_key = "k"}, {&ring});
  push(ring, 1);
  writer.note({.result = "ok"});
  writer.stop();
  audit::ChainCheck check("k");
  std::vector<audit::ChainCheck::Finding> findings;
  for (const std::string& line : log.lines) {
    EXPECT_TRUE(nlohmann::json::parse(line).contains("event_type")) << line;
    findings.push_back(check.take(line));
  }
  using Finding = audit::ChainCheck::Finding;
  EXPECT_THAT(findings, ElementsAre(Finding::begins, Finding::follows, Finding::follows));
}

TEST_F(Writer, PseudonymisesAsItsOptionsSay) {
  AuditRing ring(4);
  MemorySink::Log log;
  AuditWriter writer(std::make_unique<MemorySink>(log), {.pseudonymise = true, .key = "k"},
                     {&ring});
  push(ring, 1);
  writer.stop();
  ASSERT_EQ(log.lines.size(), 2U);
  const std::string client = nlohmann::json::parse(log.lines[1]).at("client");
  EXPECT_TRUE(client.starts_with("p:")) << client;
}

// The folder goes and comes back. Records of the time between are lost and counted; later ones are
// written.
TEST_F(Writer, GoesOnWhenTheFileCanBeWrittenAgain) {
  AuditRing ring(4);
  fs::create_directories(file("log"));
  const fs::path path = file("log") / "audit.jsonl";
  const auto writer = write_to(path, {&ring});
  ASSERT_NE(writer, nullptr);
  fs::rename(file("log"), file("gone"));
  writer->reopen();
  // Until the writer reopens, it still writes to the old file.
  std::uint32_t tries = 0;
  ASSERT_TRUE(becomes([&] {
    if (ring.front() == nullptr) push(ring, ++tries);
    return writer->failed() > 0;
  }));
  fs::create_directories(file("log"));
  ASSERT_TRUE(becomes([&] {
    if (ring.front() == nullptr) push(ring, ++tries);
    return fs::exists(path) && !lines(path).empty();
  }));
  push(ring, 1'000'000);
  writer->stop();
  EXPECT_EQ(lines(path).back(), 1'000'000);
}

// For the control socket, with and without an audit file.
TEST_F(Writer, ShowsEachRecordToATap) {
  AuditRing ring(16);
  std::vector<std::uint32_t> seen;
  auto sink = FileSink::open(file());
  ASSERT_TRUE(sink);
  AuditWriter with_file(std::move(*sink), AuditOptions(), {&ring},
                        [&](const AuditRecord& record) { seen.push_back(record.line); });
  for (std::uint32_t i = 1; i <= 3; ++i) push(ring, i);
  with_file.stop();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  EXPECT_THAT(lines(file()), ElementsAre(1, 2, 3));
  AuditWriter alone(nullptr, AuditOptions(), {&ring},
                    [&](const AuditRecord& record) { seen.push_back(record.line); });
  alone.reopen();
  push(ring, 4);
  alone.stop();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(alone.failed(), 0U);
}

}  // namespace
}  // namespace sluice::telemetry
