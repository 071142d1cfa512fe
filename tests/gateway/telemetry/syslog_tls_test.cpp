#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/telemetry/audit_writer.h"
#include "gateway/telemetry/syslog_sink.h"
#include "tests/gateway/telemetry/tls_server.h"

namespace sluice::telemetry {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kPatience = std::chrono::seconds(60);

class SyslogTls : public testing::Test {
 protected:
  SyslogTls() {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              ("sluice_tls_" + std::string(info->name()) + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~SyslogTls() override { fs::remove_all(folder_); }

  [[nodiscard]] CertificateFiles certificate(const std::string& file, const std::string& names,
                                             long seconds = 3600) const {
    return make_certificate(folder_, file, names, seconds);
  }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  static SyslogSink::Options options_for(std::uint16_t port, const fs::path& authority,
                                         const std::string& host = "127.0.0.1") {
    auto options = SyslogSink::parse("tls://" + host + ':' + std::to_string(port));
    EXPECT_TRUE(options) << options.error();
    options->host = "gw1";
    options->ca_file = authority;
    return std::move(*options);
  }
  static std::unique_ptr<SyslogSink> sink_to(SyslogSink::Options options) {
    auto sink = SyslogSink::make(std::move(options));
    EXPECT_TRUE(sink) << sink.error();
    return std::move(*sink);
  }
  static bool put(AuditSink& sink, std::vector<std::string> lines) {
    sink.write(lines);
    return sink.flush();
  }
  // What a server got, once it has so many bytes or more.
  static std::string received(const TlsServer& server, SyslogSink& sink, const std::string& end) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
      std::string got = server.received();
      if (got.ends_with(end)) return got;
      sink.idle();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return "nothing that ends with " + end;
  }
  // Why nothing goes to a server.
  static std::string refusal(SyslogSink& sink) {
    EXPECT_TRUE(put(sink, {"a line"})) << "it waits, so nothing is lost yet";
    return sink.error();
  }

 private:
  fs::path folder_;
};

TEST_F(SyslogTls, SendsMessagesWithTheirLength) {
  const auto own = certificate("server", "IP:127.0.0.1");
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert));
  EXPECT_TRUE(put(*sink, {R"({"v":1})", R"({"v":22})"}));
  std::string left = received(server, *sink, R"({"v":22})");
  for (const char* line : {R"({"v":1})", R"({"v":22})"}) {
    const std::size_t blank = left.find(' ');
    const std::size_t size = std::stoul(left.substr(0, blank));
    const std::string message = left.substr(blank + 1, size);
    EXPECT_THAT(message, testing::StartsWith("<109>1 "));
    EXPECT_TRUE(message.ends_with(std::string(" gw1 sluice ") + std::to_string(::getpid()) +
                                  " audit - " + line))
        << message;
    left.erase(0, blank + 1 + size);
  }
  EXPECT_THAT(left, IsEmpty());
  EXPECT_THAT(sink->error(), IsEmpty());
}

TEST_F(SyslogTls, AServerMayHaveAName) {
  const auto own = certificate("server", "DNS:localhost");
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert, "localhost"));
  EXPECT_TRUE(put(*sink, {"line"}));
  EXPECT_THAT(received(server, *sink, "line"), HasSubstr(" audit - line"));
}

TEST_F(SyslogTls, ACertificateOfAnUnknownAuthorityIsRefused) {
  const auto own = certificate("server", "IP:127.0.0.1"), other = certificate("other", "DNS:x");
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), other.cert));
  EXPECT_THAT(refusal(*sink), AllOf(HasSubstr("127.0.0.1:" + std::to_string(server.port())),
                                    HasSubstr("its certificate is refused: ")));
  EXPECT_THAT(server.received(), IsEmpty());
}

TEST_F(SyslogTls, ACertificateOfAnotherNameIsRefused) {
  for (const char* names : {"DNS:log.example", "IP:127.0.0.2", "DNS:127.0.0.1"}) {
    const auto own = certificate("server", names);
    const TlsServer server({.own = own});
    const auto sink = sink_to(options_for(server.port(), own.cert));
    EXPECT_THAT(refusal(*sink), HasSubstr("is refused: IP address mismatch")) << names;
    EXPECT_THAT(server.received(), IsEmpty());
  }
  const auto own = certificate("server", "IP:127.0.0.1,DNS:localhost.example");
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert, "localhost"));
  EXPECT_THAT(refusal(*sink), HasSubstr("is refused: hostname mismatch"));
}

TEST_F(SyslogTls, ACertificateThatIsOverIsRefused) {
  const auto own = certificate("server", "IP:127.0.0.1", -3600);
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert));
  EXPECT_THAT(refusal(*sink), HasSubstr("is refused: certificate has expired"));
}

// What waits for a server that cannot be trusted is bounded, and what does not fit is lost.
TEST_F(SyslogTls, LinesForARefusedServerAreLostOnceThereIsNoRoom) {
  const auto own = certificate("server", "DNS:other");
  const TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert));
  const std::string line(1 << 20, 'x');
  EXPECT_TRUE(put(*sink, {line, line, line}));
  EXPECT_FALSE(put(*sink, {line, line}));
  EXPECT_THAT(server.received(), IsEmpty());
}

TEST_F(SyslogTls, TheClientShowsItsCertificateWhereItHasOne) {
  const auto own = certificate("server", "IP:127.0.0.1"), client = certificate("gw1", "DNS:gw1");
  const TlsServer server({.own = own, .clients = client.cert});
  SyslogSink::Options options = options_for(server.port(), own.cert);
  options.cert_file = client.cert;
  options.key_file = client.key;
  const auto sink = sink_to(options);
  EXPECT_TRUE(put(*sink, {"line"}));
  EXPECT_THAT(received(server, *sink, "line"), HasSubstr(" audit - line"));
}

TEST_F(SyslogTls, AFileThatCannotBeUsedIsNamed) {
  const auto own = certificate("server", "IP:127.0.0.1"), other = certificate("other", "DNS:x");
  const auto error_of = [](SyslogSink::Options options) {
    const auto sink = SyslogSink::make(std::move(options));
    return sink ? std::string() : sink.error();
  };
  SyslogSink::Options options = options_for(1, folder() / "none.pem");
  EXPECT_THAT(error_of(options), AllOf(HasSubstr("ca_file: "), HasSubstr("none.pem: ")));
  options.ca_file = own.cert;
  options.cert_file = own.key;
  options.key_file = own.key;
  EXPECT_THAT(error_of(options), AllOf(HasSubstr("cert_file: "), HasSubstr("server.key: ")));
  options.cert_file = own.cert;
  options.key_file = other.key;
  EXPECT_THAT(error_of(options), AllOf(HasSubstr("key_file: "), HasSubstr("other.key: ")));
}

// A server that hangs up is connected to again, and what was not sent yet is sent then.
TEST_F(SyslogTls, ConnectsAgain) {
  const auto own = certificate("server", "IP:127.0.0.1");
  TlsServer server({.own = own});
  const auto sink = sink_to(options_for(server.port(), own.cert));
  EXPECT_TRUE(put(*sink, {"first"}));
  received(server, *sink, "first");
  server.hang_up();
  // A line that is written before the end of the connection arrives is lost.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::size_t tries = 0;
  while (server.received().ends_with("first") && std::chrono::steady_clock::now() < until) {
    EXPECT_TRUE(put(*sink, {"line " + std::to_string(++tries)}));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(server.received(), HasSubstr("audit - line "));
}

// The writer's thread waits, but for a bounded time: these calls come back.
TEST_F(SyslogTls, AServerThatNeverShakesHandsIsGivenUp) {
  const auto own = certificate("server", "IP:127.0.0.1");
  const TlsServer other({.own = own});
  const auto busy = sink_to(options_for(other.port(), own.cert));
  EXPECT_TRUE(put(*busy, {"line"}));
  received(other, *busy, "line");
  // That server talks to one client at a time; the kernel accepts the next one, and nobody answers.
  const auto sink = sink_to(options_for(other.port(), own.cert));
  EXPECT_THAT(refusal(*sink), HasSubstr("no answer to the TLS handshake in time"));
}

// The ring fills while the writer waits, and a worker, which never waits, counts what it loses.
TEST_F(SyslogTls, AServerThatIsStalledHoldsNoWorkerUp) {
  const auto own = certificate("server", "IP:127.0.0.1");
  const TlsServer server({.own = own});
  const auto busy = sink_to(options_for(server.port(), own.cert));
  EXPECT_TRUE(put(*busy, {"line"}));
  received(server, *busy, "line");
  AuditRing ring(16);
  AuditWriter writer(sink_to(options_for(server.port(), own.cert)), {}, {&ring});
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::uint64_t pushed = 0, lost = 0;
  while (lost == 0 && std::chrono::steady_clock::now() < until) {
    AuditRecord* const record = ring.reserve();
    if (record == nullptr) {
      ++lost;
      continue;
    }
    *record = {};
    ring.commit();
    ++pushed;
  }
  EXPECT_EQ(lost, 1U);
  writer.stop();
  EXPECT_EQ(writer.written() + writer.failed(), pushed);
}

TEST_F(SyslogTls, AServerThatDoesNotReadIsGivenUp) {
  const auto own = certificate("server", "IP:127.0.0.1");
  const TlsServer server({.own = own, .reads = false});
  const auto sink = sink_to(options_for(server.port(), own.cert));
  const std::string line(1 << 20, 'x');
  for (int i = 0; i < 64 && sink->error().empty(); ++i) {
    static_cast<void>(put(*sink, {line, line, line}));
  }
  EXPECT_THAT(sink->error(), HasSubstr("cannot be written: takes no more bytes"));
}

TEST_F(SyslogTls, AUrlThatIsNoneIsRefused) {
  for (const char* url : {"tls://", "tls://log.example", "tls://:6514", "tls://log example:6514",
                          "tls://10.0.0.300:6514", "tls://2001:db8::1:6514", "tls://log.example:0",
                          "tls://log.example:65536", "tls://user@log.example:6514"}) {
    const auto options = SyslogSink::parse(url);
    ASSERT_FALSE(options) << url;
    EXPECT_THAT(options.error(),
                AllOf(HasSubstr(url), HasSubstr("is no address or name and port")));
  }
  EXPECT_EQ(SyslogSink::parse("tls://log.example:6514")->server_text(), "log.example:6514");
  EXPECT_EQ(SyslogSink::parse("tls://[2001:db8::1]:6514")->server_text(), "[2001:db8::1]:6514");
}

}  // namespace
}  // namespace sluice::telemetry
