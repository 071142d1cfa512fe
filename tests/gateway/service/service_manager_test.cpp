#include "gateway/service/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace sluice::service {
namespace {

TEST(ServiceManager, IsToldEachStateWithALine) {
  std::vector<std::string> said;
  const ServiceManager manager([&](const std::string& message) { said.push_back(message); },
                               std::chrono::seconds(10));
  EXPECT_EQ(manager.watchdog(), std::chrono::seconds(10));
  manager.ready("all is well");
  manager.alive();
  manager.stopping();
  EXPECT_THAT(said, testing::ElementsAre("READY=1\nSTATUS=all is well", "WATCHDOG=1",
                                         "STOPPING=1\nSTATUS=stopping"));
}

// The kernel's clock of that name, in microseconds: systemd compares it.
TEST(ServiceManager, IsToldWhenAReloadBegan) {
  std::string said;
  const auto micros = [] {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
  };
  const auto before = micros();
  ServiceManager([&](const std::string& message) { said = message; }, {}).reloading();
  const std::string begin = "RELOADING=1\nMONOTONIC_USEC=";
  ASSERT_THAT(said, testing::StartsWith(begin));
  const long long told = std::stoll(said.substr(begin.size()));
  EXPECT_GE(told, before);
  EXPECT_LE(told, micros());
}

TEST(ServiceManager, NobodyAsked) {
  const ServiceManager nobody;
  nobody.ready("");
  EXPECT_EQ(nobody.watchdog().count(), 0);
}

class Environment : public testing::Test {
 protected:
  static void forget() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }
};

TEST_F(Environment, SaysThatNobodyAsks) {
  const ServiceManager manager = ServiceManager::of_environment();
  manager.ready("unheard");
  EXPECT_EQ(manager.watchdog().count(), 0);
}

TEST_F(Environment, NamesTheSocketAndThePatience) {
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  const std::string name = "sluice-test-" + std::to_string(::getpid());  // an abstract one
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const ServiceManager manager = ServiceManager::of_environment();
  EXPECT_EQ(manager.watchdog(), std::chrono::seconds(3));
  manager.ready("bridging");
  std::array<char, 64> heard{};
  const auto size = ::recv(socket, heard.data(), heard.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string(heard.data(), size > 0 ? static_cast<std::size_t>(size) : 0),
            "READY=1\nSTATUS=bridging");
  ::close(socket);
}

}  // namespace
}  // namespace sluice::service
