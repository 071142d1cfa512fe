#include "gateway/telemetry/syslog_sink.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/telemetry/tee_sink.h"

namespace sluice::telemetry {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// A server on the loopback interface; nothing leaves the machine.
class Server {
 public:
  explicit Server(int type, std::uint16_t port = 0)
      : socket_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    if (type == SOCK_STREAM) {
      EXPECT_EQ(::listen(socket_, 1), 0);
    }
    socklen_t size = sizeof at;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  ~Server() {
    if (peer_ >= 0) ::close(peer_);
    ::close(socket_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Within a tenth of a second.
  [[nodiscard]] bool has_peer() const {
    pollfd wait{socket_, POLLIN, 0};
    return ::poll(&wait, 1, 100) == 1;
  }
  void accept() { peer_ = ::accept(socket_, nullptr, nullptr); }
  [[nodiscard]] std::string receive() const {
    const int from = peer_ >= 0 ? peer_ : socket_;
    pollfd wait{from, POLLIN, 0};
    if (::poll(&wait, 1, 20'000) != 1) return {};
    std::string bytes(65536, '\0');
    const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

 private:
  int socket_, peer_ = -1;
  std::uint16_t port_ = 0;
};

std::unique_ptr<SyslogSink> sink_to(const std::string& scheme, std::uint16_t port) {
  auto options = SyslogSink::parse(scheme + "://127.0.0.1:" + std::to_string(port));
  EXPECT_TRUE(options) << options.error();
  options->host = "gw1";
  auto sink = SyslogSink::make(std::move(*options));
  EXPECT_TRUE(sink) << sink.error();
  return std::move(*sink);
}

bool put(AuditSink& sink, std::vector<std::string> lines) {
  sink.write(lines);
  return sink.flush();
}

TEST(Syslog, SendsAMessageALineOverUdp) {
  const Server server(SOCK_DGRAM);
  const auto sink = sink_to("udp", server.port());
  EXPECT_TRUE(put(*sink, {R"({"v":1})", R"({"v":2})"}));
  EXPECT_THAT(
      server.receive(),
      MatchesRegex(R"(<109>1 [0-9-]+T[0-9:]+\.[0-9]+Z gw1 sluice [0-9]+ audit - \{"v":1\})"));
  EXPECT_THAT(server.receive(), HasSubstr(R"(- {"v":2})"));
  EXPECT_TRUE(put(*sink, {std::string(10'000, 'x')}));
  EXPECT_EQ(server.receive().size(), SyslogSink::kMostDatagram);
}

TEST(Syslog, CountsItsOctetsOverTcp) {
  Server server(SOCK_STREAM);
  const auto sink = sink_to("tcp", server.port());
  EXPECT_TRUE(put(*sink, {R"({"v":1})"}));
  server.accept();
  const std::string got = server.receive();
  const std::size_t blank = got.find(' ');
  EXPECT_EQ(std::stoul(got.substr(0, blank)), got.size() - blank - 1);
  EXPECT_TRUE(got.ends_with(R"( audit - {"v":1})"));
}

// What waits is bounded, comes when the server is back, and what does not fit is told.
TEST(Syslog, LinesWaitForAServerThatIsAway) {
  std::uint16_t port = 0;
  {
    port = Server(SOCK_STREAM).port();
  }
  const auto sink = sink_to("tcp", port);
  EXPECT_TRUE(put(*sink, {R"({"v":1})"})) << "it waits, so nothing is lost yet";
  EXPECT_THAT(sink->error(),
              HasSubstr("127.0.0.1:" + std::to_string(port) + ": cannot be reached"));
  Server server(SOCK_STREAM, port);
  int tries = 0;
  do {
    EXPECT_TRUE(put(*sink, {}));
    ASSERT_LT(++tries, 300);
  } while (!server.has_peer());
  server.accept();
  EXPECT_THAT(server.receive(), HasSubstr(R"({"v":1})"));
}

TEST(Syslog, WhatDoesNotFitIsLostAndTold) {
  std::uint16_t port = 0;
  {
    port = Server(SOCK_STREAM).port();
  }
  const auto sink = sink_to("tcp", port);
  const std::string line(1 << 20, 'x');
  EXPECT_TRUE(put(*sink, {line, line, line}));
  EXPECT_FALSE(put(*sink, {line, line}));
  EXPECT_TRUE(put(*sink, {"short"}));
}

TEST(Syslog, AUrlThatIsNoneIsRefused) {
  for (const char* url : {"", "192.0.2.1:514", "http://192.0.2.1:514", "udp://", "udp://192.0.2.1",
                          "udp://log.example:514", "tcp://2001:db8::1:601", "tcp://[192.0.2.1]:601",
                          "udp://192.0.2.1:0", "udp://192.0.2.1:65536", "udp://192.0.2.1:5x"}) {
    const auto options = SyslogSink::parse(url);
    ASSERT_FALSE(options) << url;
    EXPECT_THAT(options.error(), HasSubstr(url));
  }
  EXPECT_EQ(SyslogSink::parse("tcp://[2001:db8::1]:601")->server.to_string(), "[2001:db8::1]:601");
}

class Fake final : public AuditSink {
 public:
  explicit Fake(bool works) : works_(works) {}
  void write(std::span<const std::string> lines) override { count += lines.size(); }
  bool flush() override { return works_; }
  bool reopen() override { return works_; }
  [[nodiscard]] std::string error() const override { return works_ ? "" : "broken"; }
  std::size_t count = 0;

 private:
  bool works_;
};

TEST(Tee, OnlyTheFirstDestinationDecides) {
  for (const bool works : {true, false}) {
    auto first = std::make_unique<Fake>(works), other = std::make_unique<Fake>(!works);
    const Fake &one = *first, &two = *other;
    std::vector<std::unique_ptr<AuditSink>> others;
    others.push_back(std::move(other));
    TeeSink tee(std::move(first), std::move(others));
    EXPECT_EQ(put(tee, {"a", "b"}), works);
    EXPECT_EQ(tee.lost_beside(), works ? 2U : 0U) << "lines that the other one lost";
    EXPECT_EQ(tee.reopen(), works);
    EXPECT_EQ(tee.error(), works ? "" : "broken");
    EXPECT_EQ(one.count + two.count, 4U);
  }
}

}  // namespace
}  // namespace sluice::telemetry
