// The resolver and a DNS server of the test, on the loopback interface.

#include "gateway/endpoints/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tests/gateway/endpoints/answers.h"
#include "tests/gateway/endpoints/ban.h"

namespace sluice::endpoints {
namespace {

using std::chrono::milliseconds;
using test::ByteVector;

// Answers questions over UDP with what `answer` returns; empty: no answer.
class Server {
 public:
  using AnswerTo = std::function<ByteVector(Bytes query, const dns::Question& question)>;

  explicit Server(AnswerTo answer) : answer_(std::move(answer)) {
    socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    if (bind(socket_, any, size) != 0) std::abort();
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Server() {
    stopping_ = true;
    thread_.join();
    close(socket_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t questions() const { return questions_; }

 private:
  void run() {
    while (!stopping_) {
      pollfd polled{socket_, POLLIN, 0};
      if (poll(&polled, 1, 10) != 1) continue;
      std::array<std::byte, 1500> buffer;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      auto* const peer = reinterpret_cast<sockaddr*>(&from);
      const ssize_t got = recvfrom(socket_, buffer.data(), buffer.size(), 0, peer, &size);
      if (got <= 0) continue;
      const Bytes query = Bytes(buffer).first(static_cast<std::size_t>(got));
      dns::Query parsed;
      if (!dns::parse_query(query, parsed)) continue;
      ++questions_;
      const ByteVector answer = answer_(query, parsed.questions[0]);
      if (!answer.empty()) sendto(socket_, answer.data(), answer.size(), 0, peer, size);
    }
  }

  AnswerTo answer_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> questions_ = 0;
  std::thread thread_;
};

// True for the A question of a name.
bool asks(const dns::Question& question, std::string_view name) {
  return question.qtype == 1 && question.name == *name::Name::from_text(name);
}

Nanos now() {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch());
}

// Waits until `holds`, ten seconds at most.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

struct Resolving {
  explicit Resolving(Server& server, ResolverOptions options = {},
                     engine::TieTable* ties = nullptr) {
    options.server = server.address();
    if (options.per_second == ResolverOptions{}.per_second) options.per_second = 1000;
    auto started = Resolver::start(options, cell, counters, ties);
    EXPECT_TRUE(started);
    resolver = std::move(*started);
  }

  ResolutionsCell cell{std::make_shared<engine::Resolutions>()};
  telemetry::ResolverCounters counters;
  std::unique_ptr<Resolver> resolver;
};

TEST(Resolver, PublishesTheAddressesOfBannedNames) {
  Server server([](Bytes query, const dns::Question& question) {
    test::Answer answer(query);
    if (asks(question, "chat.example")) answer.address("chat.example", "203.0.113.7");
    if (asks(question, "a.example")) answer.address("a.example", "203.0.113.7");
    return answer.build();
  });
  Resolving resolving(server);
  resolving.resolver->watch(test::ban_of({"chat.example", "=a.example"}));
  const IpAddress address = *IpAddress::parse("203.0.113.7");
  ASSERT_TRUE(eventually([&] { return resolving.counters.resolutions.value() == 6; }));
  ASSERT_TRUE(eventually([&] {
    const auto newest = resolving.cell.newest();
    const auto found = newest->find(address);
    return found.size() == 1 && found[0].evidence == 2;
  }));
  const auto newest = resolving.cell.newest();
  EXPECT_EQ(newest->addresses(), 1U);
  EXPECT_GT(newest->find(address)[0].expires, now());
  EXPECT_LT(newest->find(address)[0].expires, now() + std::chrono::hours(48));
  EXPECT_TRUE(newest->find(*IpAddress::parse("203.0.113.8")).empty());
  EXPECT_EQ(resolving.counters.resolved_addresses.value(), 1U);
  EXPECT_EQ(resolving.counters.resolutions_failed.value(), 0U);
}

// Bug: of two apps with names at one address, the one that was found first hid the other.
TEST(Resolver, AnAddressKeepsEachAppThatHasANameThere) {
  Server server([](Bytes query, const dns::Question& question) {
    test::Answer answer(query);
    for (const char* name : {"chat.example", "games.example", "both.example"}) {
      if (asks(question, name)) answer.address(name, "203.0.113.7");
    }
    return answer.build();
  });
  Resolving resolving(server);
  resolving.resolver->watch(
      test::ban_of_apps({{"chat", "chat.example"}, {"games", "games.example"}}));
  const IpAddress address = *IpAddress::parse("203.0.113.7");
  ASSERT_TRUE(eventually([&] { return resolving.cell.newest()->find(address).size() == 2; }));
  EXPECT_EQ(resolving.cell.newest()->addresses(), 1U);
  // One name of two apps counts for both.
  resolving.resolver->watch(
      test::ban_of_apps({{"chat", "both.example"}, {"games", "both.example"}}));
  ASSERT_TRUE(eventually([&] {
    const auto newest = resolving.cell.newest();
    const auto found = newest->find(address);
    return found.size() == 2 && newest->name_of(found[0]) == newest->name_of(found[1]) &&
           newest->name_of(found[0]) == *name::Name::from_text("both.example");
  }));
}

TEST(Resolver, CountsWhatFails) {
  Server server([](Bytes query, const dns::Question&) {
    return test::Answer(query, 0x8182).build();  // SERVFAIL
  });
  Resolving resolving(server);
  resolving.resolver->watch(test::ban_of({"chat.example"}));
  EXPECT_TRUE(eventually([&] { return resolving.counters.resolutions_failed.value() == 3; }));
  EXPECT_EQ(resolving.cell.newest()->addresses(), 0U);
}

TEST(Resolver, ANewBanLetsGoOfWhatIsBannedNoMore) {
  Server server([](Bytes query, const dns::Question& question) {
    test::Answer answer(query);
    if (asks(question, "chat.example")) answer.address("chat.example", "203.0.113.7");
    if (asks(question, "other.example")) answer.address("other.example", "203.0.113.8");
    return answer.build();
  });
  Resolving resolving(server);
  resolving.resolver->watch(test::ban_of({"chat.example"}));
  const IpAddress first = *IpAddress::parse("203.0.113.7");
  const IpAddress second = *IpAddress::parse("203.0.113.8");
  ASSERT_TRUE(eventually([&] { return !resolving.cell.newest()->find(first).empty(); }));
  resolving.resolver->watch(test::ban_of({"other.example"}));
  ASSERT_TRUE(eventually([&] { return !resolving.cell.newest()->find(second).empty(); }));
  EXPECT_TRUE(resolving.cell.newest()->find(first).empty());
}

TEST(Resolver, AsksNoMoreThanItsRate) {
  Server server([](Bytes query, const dns::Question&) { return test::Answer(query).build(); });
  Resolving resolving(server, {.per_second = 20});
  const auto started = std::chrono::steady_clock::now();
  resolving.resolver->watch(test::ban_of({"a.example", "b.example", "c.example", "d.example"}));
  ASSERT_TRUE(eventually([&] { return server.questions() == 12; }));
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(11 * 50 - 5));
}

// Where an answer for a banned name leads is a candidate for a list, if a policy bans the app.
TEST(Resolver, GathersTheAliasesOfBannedNames) {
  Server server([](Bytes query, const dns::Question& question) {
    test::Answer answer(query);
    if (asks(question, "chat.example")) {
      answer.alias("chat.example", "edge.cdn.example").address("edge.cdn.example", "203.0.113.7");
    }
    return answer.build();
  });
  for (const bool in_force : {false, true}) {
    engine::TieTable ties(64, HashKey{1, 2});
    Resolving resolving(server, {}, &ties);
    const auto ban = test::ban_of({"chat.example"});
    policy::Policy policy{.name = "office"};
    policy.apps.add(match::AppId{0});
    if (in_force) ban->policies = policy::PolicySet({policy});
    resolving.resolver->watch(ban);
    ASSERT_TRUE(eventually([&] { return resolving.counters.resolutions.value() == 3; }));
    resolving.resolver->stop();
    EXPECT_EQ(ties.noted(), in_force ? 1U : 0U);
    for (std::size_t i = 0; i < ties.places(); ++i) {
      const auto kept = ties.read(i);
      if (!kept) continue;
      EXPECT_EQ(kept->name, *name::Name::from_text("edge.cdn.example"));
      EXPECT_EQ(kept->counts[static_cast<std::size_t>(engine::TieKind::resolved)], 1U);
    }
  }
}

// Stopping cancels questions in flight. If it waited for them, they would time out and count as
// failed.
TEST(Resolver, StopsWithQuestionsInFlight) {
  Server silent([](Bytes, const dns::Question&) { return ByteVector{}; });
  Resolving resolving(silent);
  resolving.resolver->watch(test::ban_of({"a.example", "b.example"}));
  ASSERT_TRUE(eventually([&] { return silent.questions() > 0; }));
  resolving.resolver->stop();
  EXPECT_EQ(resolving.counters.resolutions_failed.value(), 0U);
  resolving.resolver.reset();
}

TEST(Resolver, RefusesAServerThatIsNotAnAddress) {
  ResolutionsCell cell{std::make_shared<engine::Resolutions>()};
  telemetry::ResolverCounters counters;
  const auto started = Resolver::start({.server = "resolver.example"}, cell, counters);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error(), "\"resolver.example\" is not the address of a resolver");
}

}  // namespace
}  // namespace sluice::endpoints
