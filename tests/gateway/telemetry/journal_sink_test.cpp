#include "gateway/telemetry/journal_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "gateway/os/descriptor.h"

namespace sluice::telemetry {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

using Fields = std::map<std::string, std::string>;

// What journald would make of a datagram. Throws where it is not of the protocol.
Fields fields_of(std::string_view datagram) {
  Fields fields;
  while (!datagram.empty()) {
    const std::size_t end = datagram.find('\n');
    const std::string_view line = datagram.substr(0, end);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      fields.emplace(line.substr(0, equals), line.substr(equals + 1));
      datagram.remove_prefix(end + 1);
      continue;
    }
    datagram.remove_prefix(end + 1);
    std::size_t size = 0;
    for (std::size_t i = 8; i > 0; --i)
      size = size << 8 | static_cast<unsigned char>(datagram.at(i - 1));
    fields.emplace(line, datagram.substr(8, size));
    if (datagram.at(8 + size) != '\n') throw std::out_of_range("no line feed");
    datagram.remove_prefix(8 + size + 1);
  }
  return fields;
}

// A socket where the journal's would be.
class Journal : public testing::Test {
 protected:
  Journal() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("sluice_journal_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Journal() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ / "socket"; }
  void start() {
    fs::remove(path());
    socket_ = os::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path().copy(at.sun_path, sizeof at.sun_path - 1);
    ASSERT_EQ(::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  }
  // Empty: there is none.
  [[nodiscard]] std::string receive() const {
    std::string bytes(1 << 20, '\0');
    const ssize_t got = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  static bool put(AuditSink& sink, std::vector<std::string> lines) {
    sink.write(lines);
    return sink.flush();
  }

 private:
  fs::path folder_;
  os::Descriptor socket_;
};

constexpr const char* kDecision =
    R"({"v":1,"time":"2026-11-28T06:01:40.000001Z","action":"drop","app":"wechat",)"
    R"("name":"a.wechat.com","client":"192.0.2.1:5000"})";

TEST_F(Journal, GetsAnEntryALineWithItsFields) {
  start();
  JournalSink sink(path());
  EXPECT_TRUE(put(sink, {kDecision, R"({"v":1,"time":"2026-11-28T06:01:40Z","kind":"start"})"}));
  EXPECT_THAT(
      fields_of(receive()),
      UnorderedElementsAre(Pair("MESSAGE", kDecision), Pair("PRIORITY", "5"),
                           Pair("SYSLOG_FACILITY", "13"), Pair("SYSLOG_IDENTIFIER", "sluice"),
                           Pair("SLUICE_APP", "wechat"), Pair("SLUICE_NAME", "a.wechat.com"),
                           Pair("SLUICE_ACTION", "drop"), Pair("SLUICE_CLIENT", "192.0.2.1")));
  EXPECT_EQ(fields_of(receive()).size(), 4U) << "a note has no app and no client";
  EXPECT_THAT(receive(), IsEmpty());
}

TEST_F(Journal, GetsTheFieldsOfEveAsWell) {
  start();
  JournalSink sink(path());
  EXPECT_TRUE(put(sink, {R"({"timestamp":"2026-11-28T06:01:40.5+0000","event_type":"alert",)"
                         R"("src_ip":"p:0123456789abcdef","sluice":{"v":1,"app":"wechat"}})"}));
  const Fields fields = fields_of(receive());
  EXPECT_EQ(fields.at("SLUICE_APP"), "wechat");
  EXPECT_EQ(fields.at("SLUICE_CLIENT"), "p:0123456789abcdef");
}

// An app is named by whoever writes the configuration.
TEST_F(Journal, AValueCannotAddAField) {
  start();
  JournalSink sink(path());
  EXPECT_TRUE(put(sink, {R"({"v":1,"time":"2026-11-28T06:01:40Z","app":"a\nPRIORITY=0"})"}));
  const Fields fields = fields_of(receive());
  EXPECT_EQ(fields.at("SLUICE_APP"), "a\nPRIORITY=0");
  EXPECT_EQ(fields.at("PRIORITY"), "5");
}

// A journald that is stopped, or too slow: its queue is full after a few datagrams. Nothing waits
// for it; what waits is bounded, and comes in order when it reads again.
TEST_F(Journal, AStalledOneHoldsNobodyUp) {
  start();
  JournalSink sink(path());
  const std::string line(100'000, 'x');
  std::size_t taken = 0;
  while (taken < 1000 && put(sink, {std::to_string(taken) + line})) ++taken;
  ASSERT_LT(taken, 1000U) << "a batch without room is lost, and flush() says so";
  EXPECT_GE(taken, LineQueue::kMostBytes / line.size() - 1);
  EXPECT_THAT(sink.error(), AllOf(HasSubstr(path()), HasSubstr("does not take more")));
  std::size_t next = 0;
  for (std::string got = receive(); !got.empty(); got = receive()) {
    EXPECT_TRUE(got.starts_with("MESSAGE=" + std::to_string(next) + 'x')) << got.substr(0, 20);
    ++next;
    sink.idle();
  }
  EXPECT_EQ(next, taken);
}

TEST_F(Journal, LinesWaitUntilItIsThere) {
  JournalSink sink(path());
  EXPECT_TRUE(put(sink, {kDecision}));
  EXPECT_THAT(sink.error(), HasSubstr("cannot be written: No such file or directory"));
  start();
  sink.idle();
  EXPECT_THAT(receive(), HasSubstr("a.wechat.com"));
  start();  // again, at the same path
  EXPECT_TRUE(put(sink, {"second"}));
  EXPECT_THAT(receive(), HasSubstr("second"));
}

TEST_F(Journal, ALineThatIsTooLargeIsLostAndCounted) {
  start();
  JournalSink sink(path());
  EXPECT_TRUE(put(sink, {std::string(16 << 20, 'x'), "next"}));
  EXPECT_THAT(receive(), HasSubstr("next"));
  EXPECT_EQ(sink.take_late_losses(), 1U);
  EXPECT_EQ(sink.take_late_losses(), 0U);
  EXPECT_THAT(sink.error(), HasSubstr("is too large"));
}

}  // namespace
}  // namespace sluice::telemetry
