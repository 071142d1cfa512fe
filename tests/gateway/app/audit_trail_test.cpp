#include "gateway/app/audit_trail.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/audit/chain.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Finding = audit::ChainCheck::Finding;

class Trail : public testing::Test {
 protected:
  Trail() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("sluice_trail_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    start_.audit_file = file();
  }
  ~Trail() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const char* name = "audit.jsonl") const { return folder_ / name; }
  // As a process that starts, notes an update and stops.
  void run() const {
    auto trail = open_audit_trail(start_, {});
    ASSERT_TRUE(trail) << trail.error();
    trail->writer->note({.result = "ok"});
    trail->writer->stop();
  }
  [[nodiscard]] std::string error() const {
    const auto trail = open_audit_trail(start_, {});
    return trail ? std::string() : trail.error();
  }
  static std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  config::StartSettings start_;

 private:
  fs::path folder_;
};

TEST_F(Trail, GoesOnWithTheChainOfTheFileInEitherFormat) {
  run();
  start_.audit_format = config::AuditFormat::eve;
  run();
  const auto lines = lines_of(file());
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[1], StartsWith(R"({"v":1,"time":)"));
  EXPECT_THAT(lines[3],
              AllOf(StartsWith(R"({"timestamp":)"), HasSubstr(R"("event_type":"sluice")")));
  audit::ChainCheck check("");
  EXPECT_EQ(check.take(lines[0]), Finding::begins);
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_EQ(check.take(lines[i]), Finding::follows);
}

// A process may stop between the rotation and the next line.
TEST_F(Trail, GoesOnWithTheChainOfTheFileThatWasRotated) {
  run();
  fs::rename(file(), file("audit.jsonl.1"));
  run();
  audit::ChainCheck check("");
  static_cast<void>(check.take(lines_of(file("audit.jsonl.1")).back()));
  EXPECT_EQ(check.take(lines_of(file()).front()), Finding::follows);
}

TEST_F(Trail, GoesToEveryDestination) {
  const int server = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  socklen_t size = sizeof at;
  ::getsockname(server, reinterpret_cast<sockaddr*>(&at), &size);
  start_.audit_syslog = "udp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  run();
  const auto lines = lines_of(file());
  EXPECT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) {
    std::string got(8192, '\0');
    const ssize_t bytes = ::recv(server, got.data(), got.size(), 0);
    got.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    EXPECT_TRUE(got.ends_with(' ' + line)) << got;
  }
  ::close(server);
}

TEST_F(Trail, WhatCannotBeUsedIsNamedByItsKey) {
  start_.audit_syslog = "udp://log.example:514";
  EXPECT_THAT(error(), StartsWith("[audit] syslog: \"udp://log.example:514\": "));
  start_.audit_syslog = "tls://log.example:6514";
  start_.audit_syslog_ca = file("none.pem");
  EXPECT_THAT(error(), AllOf(StartsWith("[audit] syslog_ca_file: "), HasSubstr("none.pem")));
  start_.audit_syslog.clear();
  start_.audit_kafka_brokers = "127.0.0.1:1";
  start_.audit_kafka_topic = "audit";
  start_.audit_kafka_options = {"compression.codec=odd"};
  EXPECT_THAT(error(), AllOf(StartsWith("[audit] kafka_options: "), HasSubstr("compression")));
}

}  // namespace
}  // namespace sluice::app
