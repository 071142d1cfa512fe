#include "gateway/control/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/control/server.h"
#include "tests/gateway/control/folder.h"

namespace sluice::control {
namespace {

using testing::HasSubstr;

constexpr Client::Duration kPatience = std::chrono::seconds(60);

// A server with a thread of its own, until the end of the test.
class Served {
 public:
  Served(const std::filesystem::path& path, Server::Handler handler) {
    auto opened =
        Server::open({.path = path, .access = {.owner = ::geteuid()}}, std::move(handler));
    EXPECT_TRUE(opened);
    if (!opened) return;
    server_ = std::move(*opened);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      pollfd ready{server_->descriptor(), POLLIN, 0};
      while (!stop.stop_requested()) {
        if (::poll(&ready, 1, 1) > 0) server_->serve(std::chrono::steady_clock::now());
      }
    });
  }

 private:
  std::unique_ptr<Server> server_;
  std::jthread thread_;  // ends first
};

class TheClient : public testing::Test {
 protected:
  [[nodiscard]] std::string refusal() const {
    const auto client = Client::open(path);
    return client ? "it was opened" : client.error();
  }

  test::SocketFolder folder;
  std::filesystem::path path = folder / "control.sock";
};

TEST_F(TheClient, AsksOneQuestionAfterTheOther) {
  const Served served(path, [](const Request& request, const Server::Asker&) {
    return reply_line({{"you", to_string(request.command)}, {"pad", std::string(100'000, 'x')}});
  });
  auto client = Client::open(path);
  ASSERT_TRUE(client) << client.error();
  for (const Command command : {Command::status, Command::flows, Command::clients}) {
    const auto reply = client->ask({.command = command}, kPatience);
    ASSERT_TRUE(reply) << reply.error();
    EXPECT_THAT(*reply, HasSubstr(std::string(to_string(command))));
    EXPECT_GT(reply->size(), 100'000U);
  }
}

TEST_F(TheClient, SaysWhenNoGatewayRuns) {
  EXPECT_THAT(refusal(), HasSubstr("control.sock: no gateway listens there"));
  {
    auto file = SocketFile::open(path, 0600);
    ASSERT_TRUE(file);
    std::filesystem::rename(path, folder / "kept");
  }
  std::filesystem::rename(folder / "kept", path);
  EXPECT_THAT(refusal(), HasSubstr("no gateway listens there"));
}

TEST_F(TheClient, DoesNotWaitForEver) {
  const auto silent = SocketFile::open(path, 0600);
  ASSERT_TRUE(silent);
  auto client = Client::open(path);
  ASSERT_TRUE(client);
  const auto reply = client->ask({}, std::chrono::milliseconds(1));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(), "the gateway gives no reply");
}

TEST_F(TheClient, SaysWhenTheGatewayGoes) {
  auto file = SocketFile::open(path, 0600);
  ASSERT_TRUE(file);
  auto client = Client::open(path);
  ASSERT_TRUE(client);
  {
    const SocketFile gone = std::move(*file);
  }
  const auto reply = client->ask({}, kPatience);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error(), "the gateway closed the connection");
}

}  // namespace
}  // namespace sluice::control
