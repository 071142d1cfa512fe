#include "gateway/control/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/gateway/control/folder.h"

namespace sluice::control {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kStatus = "{\"sluice\":1,\"command\":\"status\"}\n";
constexpr const char* kReload = "{\"sluice\":1,\"command\":\"reload\"}\n";

// A peer that never blocks: the test is one thread.
class Peer {
 public:
  explicit Peer(const std::filesystem::path& path) {
    auto socket = connect_to(path);
    if (socket) socket_ = std::move(*socket);
  }

  [[nodiscard]] bool is_connected() const { return socket_.is_open(); }
  // Bytes that the kernel took.
  std::size_t send(std::string_view bytes) const {
    const ssize_t count =
        ::send(socket_.value(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  void send_no_more() const { ::shutdown(socket_.value(), SHUT_WR); }
  // What came since the last call.
  [[nodiscard]] std::string read(std::size_t most = 4 << 20) {
    std::string text;
    std::array<char, 4096> bytes;
    while (text.size() < most) {
      const ssize_t count = ::recv(socket_.value(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno == ECONNRESET)) closed_ = true;
      if (count <= 0) break;
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  // Call after read().
  [[nodiscard]] bool is_closed() const { return closed_; }

 private:
  os::Descriptor socket_;
  bool closed_ = false;
};

class TheServer : public testing::Test {
 protected:
  void SetUp() override { open({.owner = ::geteuid()}); }

  void open(const Access& access, Server::Limits limits = {}) {
    server.reset();
    auto opened = Server::open({.path = path, .access = access, .limits = limits},
                               [this](const Request& request, const Server::Asker& asker) {
                                 asked.push_back(request);
                                 askers.push_back(asker.id);
                                 return handler(request);
                               });
    ASSERT_TRUE(opened) << opened.error();
    server = std::move(*opened);
  }
  // As the event loop would, while there is something to do.
  int serve() {
    int rounds = 0;
    for (pollfd ready{server->descriptor(), POLLIN, 0}; ::poll(&ready, 1, 0) > 0; ++rounds) {
      server->serve(now);
      if (rounds > 10'000) {
        ADD_FAILURE() << "the server is never done";
        break;
      }
    }
    return rounds;
  }

  // What another user, of `group`, is told about a status and a reload: by a process of its own.
  // REQUIRES: we are root.
  std::string replies_to_other(gid_t group) {
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms(0755));
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const os::Descriptor reader(ends[0]);
    os::Descriptor writer(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
      const bool other =
          ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(kOtherUser + 1) == 0;
      Peer peer(path);
      peer.send(std::string(kStatus) + kReload);
      peer.send_no_more();
      std::string replies = other ? "" : "not another user";
      while (!peer.is_closed()) replies += peer.read();
      ::_exit(::write(writer.value(), replies.data(), replies.size()) < 0 ? 1 : 0);
    }
    writer = os::Descriptor();
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) serve();
    EXPECT_EQ(status, 0);
    std::array<char, 4096> bytes;
    const ssize_t count = ::read(reader.value(), bytes.data(), bytes.size());
    return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

  static constexpr uid_t kOtherUser = 54321;
  static constexpr gid_t kReaders = 54322, kStrangers = 54323;
  test::SocketFolder folder;
  std::filesystem::path path = folder / "control.sock";
  Server::Time now{};
  std::vector<Request> asked;
  std::vector<PeerId> askers;
  std::function<std::optional<std::string>(const Request&)> handler = [](const Request&) {
    return reply_line({{"health", "healthy"}});
  };
  std::unique_ptr<Server> server;
};

TEST_F(TheServer, AnswersRequestsInTheirOrder) {
  Peer peer(path);
  peer.send(std::string(kStatus) + "{\"sluice\":1,\"command\":\"explain\",\"name\":\"a\"}\n");
  serve();
  EXPECT_EQ(peer.read(), std::string("{\"sluice\":1,\"ok\":true,\"health\":\"healthy\"}\n") +
                             "{\"sluice\":1,\"ok\":true,\"health\":\"healthy\"}\n");
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].command, Command::status);
  EXPECT_EQ(asked[1].name, "a");
  EXPECT_FALSE(peer.is_closed());
  EXPECT_EQ(serve(), 0);  // nothing to do: the event loop sleeps
}

TEST_F(TheServer, TakesRequestsInPieces) {
  Peer peer(path);
  for (const char byte : std::string_view(kStatus)) {
    EXPECT_EQ(peer.read(), "");
    peer.send({&byte, 1});
    serve();
  }
  EXPECT_THAT(peer.read(), HasSubstr("healthy"));
}

// `printf … | nc -U` ends its side at once.
TEST_F(TheServer, AnswersAPeerThatSendsNoMore) {
  Peer peer(path);
  peer.send(kStatus);
  peer.send_no_more();
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("healthy"));
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(server->peers(), 0U);
}

TEST_F(TheServer, AnswersGarbageByAnErrorAndCloses) {
  const std::string bytes("\0\xff\x80\n", 4);
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), bytes, std::string("\n"),
        std::string("{\"sluice\":9,\"command\":\"status\"}\n")}) {
    Peer peer(path);
    peer.send(garbage + kStatus);
    serve();
    const std::string reply = peer.read();
    EXPECT_THAT(reply, StartsWith("{\"sluice\":1,\"ok\":false,\"error\":\""));
    EXPECT_EQ(std::ranges::count(reply, '\n'), 1) << reply;
    EXPECT_TRUE(peer.is_closed());
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(TheServer, ALineWithoutAnEndIsMalformed) {
  Peer peer(path);
  peer.send("{\"sluice\":1");
  peer.send_no_more();
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("the line has no end"));
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(TheServer, AWrongRequestLeavesTheConnectionOpen) {
  Peer peer(path);
  peer.send(std::string("{\"sluice\":1,\"command\":\"fly\"}\n") + kStatus);
  serve();
  const std::string replies = peer.read();
  EXPECT_THAT(replies, HasSubstr("unknown_command"));
  EXPECT_THAT(replies, HasSubstr("healthy"));
  EXPECT_FALSE(peer.is_closed());
}

TEST_F(TheServer, AHugeRequestIsRefusedAndNotKept) {
  Peer peer(path);
  const std::string huge(64 << 10, 'a');
  for (int i = 0; i < 20; ++i) {
    peer.send(huge);
    serve();
  }
  EXPECT_THAT(peer.read(), HasSubstr("\"error\":\"too_large\""));
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(server->peers(), 0U);
}

TEST_F(TheServer, WhoHasNoRightsIsToldAndClosed) {
  open({.owner = kOtherUser, .read_group = kReaders});
  if (::geteuid() == 0) {
    const std::string replies = replies_to_other(kStrangers);
    EXPECT_THAT(replies, HasSubstr("\"error\":\"forbidden\""));
    EXPECT_EQ(std::ranges::count(replies, '\n'), 1) << replies;
  } else {
    Peer peer(path);
    peer.send(kStatus);
    serve();
    EXPECT_THAT(peer.read(), HasSubstr("\"error\":\"forbidden\""));
    EXPECT_TRUE(peer.is_closed());
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(TheServer, AReaderMayAskAndNotChange) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  open({.owner = kOtherUser, .read_group = kReaders});
  const std::string replies = replies_to_other(kReaders);
  EXPECT_THAT(replies, HasSubstr("healthy"));
  EXPECT_THAT(replies, HasSubstr("`reload` is for members of [control] admin_group"));
  EXPECT_EQ(asked.size(), 1U);
  open({.owner = kOtherUser, .admin_group = kReaders});
  EXPECT_THAT(replies_to_other(kReaders), testing::Not(HasSubstr("forbidden")));
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(TheServer, KeepsPlacesForAdmins) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  open({.owner = kOtherUser, .read_group = kReaders}, {.most_peers = 3, .kept_for_admins = 2});
  const Peer first(path);
  serve();
  EXPECT_THAT(replies_to_other(kReaders), HasSubstr("\"error\":\"busy\""));
  Peer admin(path);
  admin.send(kStatus);
  serve();
  EXPECT_THAT(admin.read(), HasSubstr("healthy"));
}

TEST_F(TheServer, AReloadCanBeAnsweredLater) {
  handler = [](const Request& request) -> std::optional<std::string> {
    if (request.command == Command::reload) return std::nullopt;
    return reply_line({{"health", "healthy"}});
  };
  Peer waiting(path), other(path);
  waiting.send(std::string(kReload) + kStatus);
  serve();
  other.send(kStatus);
  serve();
  EXPECT_THAT(other.read(), HasSubstr("healthy"));
  EXPECT_EQ(waiting.read(), "");
  // Requests behind it wait, and nobody's time runs out meanwhile.
  now += seconds(100);
  server->expire(now);
  EXPECT_EQ(asked.size(), 2U);
  server->answer(askers[0], reply_line({{"result", "in_force"}}), now);
  serve();
  const std::string replies = waiting.read();
  EXPECT_THAT(replies, StartsWith("{\"sluice\":1,\"ok\":true,\"result\":\"in_force\"}\n"));
  EXPECT_THAT(replies, HasSubstr("healthy"));
  // It was answered: another answer says nothing.
  server->answer(askers[0], reply_line({{"result", "again"}}), now);
  serve();
  EXPECT_EQ(waiting.read(), "");
}

TEST_F(TheServer, APeerThatGoesWhileItWaitsIsForgotten) {
  handler = [](const Request&) -> std::optional<std::string> { return std::nullopt; };
  {
    const Peer peer(path);
    peer.send(kReload);
    serve();
    EXPECT_EQ(server->peers(), 1U);
  }
  serve();
  EXPECT_EQ(server->peers(), 0U);
  server->answer(askers[0], "late", now);
  EXPECT_EQ(serve(), 0);
}

// As a reload that cannot even start is.
TEST_F(TheServer, TheHandlerMayAnswerItself) {
  handler = [this](const Request&) -> std::optional<std::string> {
    server->answer(askers.back(), error_line({ErrorCode::failed, "no thread"}), now);
    return std::nullopt;
  };
  Peer peer(path);
  peer.send(kReload);
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("no thread"));
}

TEST_F(TheServer, WhatTheHandlerThrowsIsAnError) {
  handler = [](const Request&) -> std::optional<std::string> { throw std::runtime_error("oops"); };
  Peer peer(path);
  peer.send(kStatus);
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("\"error\":\"internal\",\"reason\":\"oops\""));
}

TEST_F(TheServer, APeerThatSaysNothingIsClosedInTime) {
  Peer idle(path), slow(path), busy(path);
  slow.send("{\"slu");
  serve();
  now += seconds(6);
  busy.send(kStatus);
  slow.send("ice\"");  // bytes are no request
  serve();
  server->expire(now);
  EXPECT_EQ(server->peers(), 3U);
  now += seconds(5);
  server->expire(now);
  EXPECT_EQ(server->peers(), 1U);
  EXPECT_THAT(idle.read(), HasSubstr("\"error\":\"timeout\""));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_THAT(slow.read(), HasSubstr("\"error\":\"timeout\""));
  EXPECT_THAT(busy.read(), HasSubstr("healthy"));
  EXPECT_FALSE(busy.is_closed());
}

// Its reply waits in a buffer of its own, of one reply at most; it is asked for no other request.
TEST_F(TheServer, ASlowReaderHoldsUpNobodyAndIsClosedInTime) {
  handler = [](const Request&) -> std::optional<std::string> {
    return std::string(kMaxReply - 1, 'x');
  };
  Peer slow(path), other(path);
  slow.send(std::string(kStatus) + kStatus + kStatus);
  serve();
  EXPECT_EQ(asked.size(), 1U);
  other.send(kStatus);
  serve();
  EXPECT_EQ(asked.size(), 2U);
  std::string reply = other.read();
  while (reply.size() < kMaxReply) {
    serve();
    reply += other.read();
  }
  EXPECT_EQ(reply.back(), '\n');
  now += seconds(11);
  server->expire(now);
  EXPECT_EQ(server->peers(), 0U);
}

TEST_F(TheServer, AReaderThatCatchesUpGetsEverything) {
  handler = [](const Request&) -> std::optional<std::string> { return std::string(1 << 20, 'y'); };
  Peer peer(path);
  peer.send(std::string(kStatus) + kStatus);
  std::size_t size = 0;
  while (size < (2U << 20) + 2) {
    serve();
    const std::size_t more = peer.read(10'000).size();
    if (more == 0) break;
    size += more;
  }
  EXPECT_EQ(size, (2U << 20) + 2);
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(TheServer, AReplyThatIsTooLargeIsAnError) {
  handler = [](const Request&) -> std::optional<std::string> {
    return std::string(kMaxReply + 1, 'x');
  };
  Peer peer(path);
  peer.send(kStatus);
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("the reply is too large"));
}

// They hold no place, and those who were there first do not notice.
TEST_F(TheServer, AThousandPeersDoNoHarm) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < 2100) GTEST_SKIP() << "not enough descriptors";
  Peer first(path);
  serve();
  std::vector<Peer> crowd;
  for (int i = 0; i < 1000; ++i) {
    crowd.emplace_back(path);
    ASSERT_TRUE(crowd.back().is_connected());
    crowd.back().send(i % 2 == 0 ? "" : kStatus);
    if (i % 50 == 49) serve();
  }
  serve();
  EXPECT_EQ(server->peers(), 32U);
  std::size_t told = 0;
  for (Peer& peer : crowd) told += peer.read().contains("\"error\":\"busy\"") ? 1U : 0U;
  EXPECT_EQ(told, 1000U - 31U);
  first.send(kStatus);
  serve();
  EXPECT_THAT(first.read(), HasSubstr("healthy"));
  crowd.clear();
  serve();
  EXPECT_EQ(server->peers(), 1U);
  Peer later(path);
  later.send(kStatus);
  serve();
  EXPECT_THAT(later.read(), HasSubstr("healthy"));
}

// To try at once again would keep a core busy for as long as it lasts.
TEST_F(TheServer, WithoutDescriptorsItWaits) {
  Peer peer(path);
  peer.send(kStatus);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const os::Descriptor lowest(::fcntl(server->descriptor(), F_DUPFD, 0));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest.value());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const int rounds = serve();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(rounds, 5);
  EXPECT_TRUE(asked.empty());
  server->expire(now);
  serve();
  EXPECT_THAT(peer.read(), HasSubstr("healthy"));
}

}  // namespace
}  // namespace sluice::control
