// The server, from a peer's side: real sockets on the loopback interface. A test that waits in vain
// is ended by ctest.

#include "gateway/console/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/os/descriptor.h"

namespace sluice::console {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kHead = " HTTP/1.1\r\nHost: localhost\r\n";

class Peer {
 public:
  explicit Peer(Port port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port.number);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr any{};
    std::memcpy(&any, &to, sizeof any);
    EXPECT_EQ(::connect(socket_.value(), &any, sizeof to), 0);
  }
  // False: the server is gone.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // Until the server closes.
  [[nodiscard]] std::string read_all() const {
    std::string all;
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t count = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
      if (count <= 0) return all;
      all.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  // Before anything is read.
  void read_slowly() const {
    const int least = 1;
    ::setsockopt(socket_.value(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
  }

 private:
  os::Descriptor socket_;
};

class TheServer : public testing::Test {
 protected:
  void open(Server::Limits limits = {}, std::vector<IpPrefix> allow = {}) {
    auto opened = Server::open({.listen = {IpAddress::parse("127.0.0.1").value(), Port{0}},
                                .allow = std::move(allow),
                                .limits = limits});
    ASSERT_TRUE(opened) << opened.error();
    server = std::move(*opened);
    server->start([this](const Request& request) {
      const std::lock_guard lock(mutex);
      last = request;
      ++answered;
      return reply;
    });
  }
  [[nodiscard]] Port port() const { return server->address().port; }
  [[nodiscard]] std::string ask(std::string_view request) const {
    const Peer peer(port());
    peer.send(request);
    return peer.read_all();
  }
  [[nodiscard]] std::string get(std::string_view target, std::string_view headers = "") const {
    return ask("GET " + std::string(target) + std::string(kHead) + std::string(headers) + "\r\n");
  }
  Request last_request() {
    const std::lock_guard lock(mutex);
    return last;
  }

  std::mutex mutex;  // guards the next two
  Request last;
  Reply reply{.body = std::make_shared<const std::string>("{\"all\":\"well\"}\n")};
  std::atomic<int> answered = 0;
  std::unique_ptr<Server> server;  // goes first
};

TEST_F(TheServer, AnswersAndCloses) {
  ASSERT_NO_FATAL_FAILURE(open());
  const std::string said = get("/api/v1/status");
  EXPECT_THAT(said, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(said, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(said, testing::EndsWith("\r\n\r\n{\"all\":\"well\"}\n"));
}

TEST_F(TheServer, HandsOverWhatWasAsked) {
  ASSERT_NO_FATAL_FAILURE(open());
  static_cast<void>(
      get("/a%20b?name=x%2By+z&client=%00%ff&empty&name2=", "authorization: Bearer t\r\n"));
  const Request request = last_request();
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.host, "localhost");
  EXPECT_EQ(request.authorization, "Bearer t");
  EXPECT_EQ(request.arguments.at("name"), "x+y z");
  EXPECT_EQ(request.arguments.at("client"), std::string("\0\xff", 2));
  EXPECT_EQ(request.arguments.at("empty"), "");
  EXPECT_TRUE(request.is_read);
  EXPECT_TRUE(request.is_clear);
}

TEST_F(TheServer, TellsWhatComesTwice) {
  ASSERT_NO_FATAL_FAILURE(open());
  static_cast<void>(get("/?name=a&name=b"));
  EXPECT_FALSE(last_request().is_clear);
  static_cast<void>(get("/", "Host: attacker.example\r\n"));
  EXPECT_FALSE(last_request().is_clear);
  static_cast<void>(get("/", "Authorization: a\r\nAUTHORIZATION: b\r\n"));
  EXPECT_FALSE(last_request().is_clear);
}

TEST_F(TheServer, EveryReplyHasTheHeadersThatGuardIt) {
  ASSERT_NO_FATAL_FAILURE(open());
  for (const unsigned status : {200U, 401U, 404U, 405U, 500U}) {
    {
      const std::lock_guard lock(mutex);
      reply.status = status;
    }
    const std::string said = get("/");
    EXPECT_THAT(said, StartsWith("HTTP/1.1 " + std::to_string(status)));
    for (const char* header :
         {"\r\nContent-Security-Policy: default-src 'none'; script-src 'self';",
          "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'",
          "require-trusted-types-for 'script'", "\r\nX-Content-Type-Options: nosniff\r\n",
          "\r\nReferrer-Policy: no-referrer\r\n", "\r\nCache-Control: no-store\r\n",
          "\r\nCross-Origin-Resource-Policy: same-origin\r\n", "\r\nConnection: close\r\n"}) {
      EXPECT_THAT(said, HasSubstr(header)) << status;
    }
    EXPECT_THAT(said, Not(HasSubstr("Access-Control")));
    EXPECT_THAT(said, Not(HasSubstr("'unsafe")));
  }
}

TEST_F(TheServer, SaysHowToAskBetter) {
  ASSERT_NO_FATAL_FAILURE(open());
  reply.status = 401;
  EXPECT_THAT(get("/"), HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  reply.status = 405;
  EXPECT_THAT(get("/"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST_F(TheServer, HeadHasNoBody) {
  ASSERT_NO_FATAL_FAILURE(open());
  const std::string said = ask("HEAD /" + std::string(kHead) + "\r\n");
  EXPECT_THAT(said, HasSubstr("\r\nContent-Length: 15\r\n"));
  EXPECT_THAT(said, testing::EndsWith("\r\n\r\n"));
  EXPECT_TRUE(last_request().is_read);
}

TEST_F(TheServer, TellsWhoWantsToChangeSomething) {
  ASSERT_NO_FATAL_FAILURE(open());
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"}) {
    const std::string said = ask(method + (" /" + std::string(kHead)) + "\r\n");
    EXPECT_THAT(said, StartsWith("HTTP/1.1 200")) << method;
    EXPECT_FALSE(last_request().is_read) << method;
  }
}

TEST_F(TheServer, ReadsNoBody) {
  ASSERT_NO_FATAL_FAILURE(open());
  const Peer peer(port());
  ASSERT_TRUE(peer.send("POST /" + std::string(kHead) + "Content-Length: 1000000000\r\n\r\n"));
  EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answered, 1);
}

// One request a connection: what follows is never read.
TEST_F(TheServer, AnswersOneRequestEach) {
  ASSERT_NO_FATAL_FAILURE(open());
  const std::string request = "GET /" + std::string(kHead) + "\r\n";
  const std::string said = ask(request + request);
  EXPECT_EQ(said.find("HTTP/1.1 200"), said.rfind("HTTP/1.1 200"));
  EXPECT_EQ(answered, 1);
}

TEST_F(TheServer, RefusesGarbageWithoutAsking) {
  ASSERT_NO_FATAL_FAILURE(open({.patience = milliseconds(500)}));
  for (const std::string& garbage :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string("GET\r\n\r\n"), std::string(5, '\xff'),
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
        std::string("{\"sluice\":1}\n")}) {
    EXPECT_THAT(ask(garbage), Not(HasSubstr(" 200 ")));
  }
  EXPECT_EQ(answered, 0);
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 200"));
}

TEST_F(TheServer, AHeadIsBounded) {
  ASSERT_NO_FATAL_FAILURE(open());
  const std::string much(Server::kMaxHead, 'a');
  EXPECT_THAT(get("/" + much), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(get("/?name=" + much), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(get("/", "X: " + much + "\r\n"), Not(HasSubstr(" 200 ")));
  std::string many;
  while (many.size() < Server::kMaxHead) many += "a: b\r\n";
  EXPECT_THAT(get("/", many), Not(HasSubstr(" 200 ")));
  EXPECT_EQ(answered, 0);
}

TEST_F(TheServer, APeerThatSaysNothingIsClosed) {
  ASSERT_NO_FATAL_FAILURE(open({.patience = milliseconds(100)}));
  const Peer peer(port());
  EXPECT_EQ(peer.read_all(), "");
}

// A byte now and then must not extend the time.
TEST_F(TheServer, APeerThatDripsIsClosed) {
  ASSERT_NO_FATAL_FAILURE(open({.patience = milliseconds(200)}));
  const Peer peer(port());
  peer.send("GET / HTTP/1.1\r\n");
  while (peer.send("a: b\r\n")) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(answered, 0);
}

TEST_F(TheServer, APeerThatReadsNothingIsClosed) {
  reply.body = std::make_shared<const std::string>(std::size_t{64} << 20, 'x');
  ASSERT_NO_FATAL_FAILURE(open({.patience = milliseconds(300)}));
  const std::weak_ptr<const std::string> body = reply.body;
  const Peer peer(port());
  peer.read_slowly();
  peer.send("GET /" + std::string(kHead) + "\r\n");
  while (answered == 0) std::this_thread::yield();
  {
    const std::lock_guard lock(mutex);
    reply.body = std::make_shared<const std::string>("short");
  }
  while (!body.expired()) std::this_thread::yield();
  EXPECT_THAT(get("/"), testing::EndsWith("short"));
}

TEST_F(TheServer, AnAddressHasAShareOfThePeers) {
  ASSERT_NO_FATAL_FAILURE(open({.peers = 8, .peers_of_one = 4}));
  std::vector<std::unique_ptr<Peer>> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.push_back(std::make_unique<Peer>(port()));
    crowd.back()->send("GET ");
  }
  EXPECT_EQ(get("/"), "") << "one more is closed";
  for (const auto& peer : crowd) {
    peer->send("/" + std::string(kHead) + "\r\n");
    EXPECT_THAT(peer->read_all(), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(TheServer, ManyPeersWaitForTheirTurn) {
  ASSERT_NO_FATAL_FAILURE(open({.peers = 4, .peers_of_one = 100, .patience = milliseconds(500)}));
  std::vector<std::unique_ptr<Peer>> crowd;
  for (int i = 0; i < 12; ++i) crowd.push_back(std::make_unique<Peer>(port()));
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 200")) << "when those before it are over";
}

TEST_F(TheServer, WhoIsNotAllowedIsClosed) {
  ASSERT_NO_FATAL_FAILURE(open({}, {IpPrefix::parse("192.0.2.0/24").value()}));
  EXPECT_EQ(get("/"), "");
  EXPECT_EQ(answered, 0);
  ASSERT_NO_FATAL_FAILURE(open({}, {IpPrefix::parse("127.0.0.0/8").value()}));
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 200"));
}

TEST_F(TheServer, EndsWhilePeersAreConnected) {
  ASSERT_NO_FATAL_FAILURE(open());
  const Peer silent(port());
  const Peer half(port());
  half.send("GET / HT");
  server.reset();
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(TheServer, SaysWhyItCannotListen) {
  ASSERT_NO_FATAL_FAILURE(open());
  const auto second = Server::open({.listen = server->address(), .allow = {}});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(),
              HasSubstr("console: " + server->address().to_string() + ": bind: Address already"));
}

TEST_F(TheServer, MayEndWithoutABeginning) {
  const auto opened =
      Server::open({.listen = {IpAddress::parse("127.0.0.1").value(), Port{0}}, .allow = {}});
  EXPECT_TRUE(opened);
}

TEST_F(TheServer, ListensOnIpv6) {
  const auto opened =
      Server::open({.listen = {IpAddress::parse("::1").value(), Port{0}}, .allow = {}});
  if (!opened) GTEST_SKIP() << opened.error();
  EXPECT_THAT((*opened)->address().to_string(), StartsWith("[::1]:"));
}

}  // namespace
}  // namespace sluice::console
