// A gateway whose lists come from a real HTTPS server and from a folder: what comes is in force,
// what is broken is refused, and an operator can roll back.

#include "gateway/app/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "gateway/app/gateway.h"
#include "lists/bundle/bundle.h"
#include "tests/gateway/app/live_dataplane.h"
#include "tests/lists/https/https_server.h"

namespace sluice::app {
namespace {

using test::LiveDataplane;
using testing::HasSubstr;

// Some names, so that one more or less is no loss.
std::string names(std::string_view more) {
  std::string text(more);
  for (int i = 0; i < 20; ++i) text += "n" + std::to_string(i) + ".example\n";
  return text;
}

class SourcesTest : public testing::Test {
 protected:
  SourcesTest() {
    spdlog::set_level(spdlog::level::off);
    start_settings_.flows = 1024;
    start_settings_.streams = 64;
    start_settings_.metrics_listen = "";
    std::filesystem::create_directories(root_ / "drop");
  }
  ~SourcesTest() override {
    gateway_.reset();
    std::filesystem::remove_all(root_);
  }
  SourcesTest(const SourcesTest&) = delete;
  SourcesTest& operator=(const SourcesTest&) = delete;

  [[nodiscard]] std::filesystem::path config() const { return root_ / "sluice.toml"; }
  void configure(const std::string& source) const {
    std::ofstream(config()) << "[dataplane]\ninside = \"a\"\noutside = \"b\"\n"
                            << "[lists]\nstate = \"state\"\n[[source]]\nname = \"src\"\n"
                            << source
                            << "[[list]]\napp = \"chat\"\nname = \"chat\"\nsource = \"src\"\n"
                               "[[policy]]\nname = \"all\"\napps = [\"chat\"]\n";
  }
  void configure_https(const std::string& more = "") const {
    configure("url = \"" + server_.url() + "\"\nca_file = \"" + server_.ca().string() +
              "\"\ninterval_seconds = 1\n" + more);
  }
  void drop(const std::string& text) const {
    std::ofstream(root_ / "drop/.chat.list.swp", std::ios::binary) << text;
    std::filesystem::rename(root_ / "drop/.chat.list.swp", root_ / "drop/chat.list");
  }

  void open() {
    gateway_.reset();
    builder_.reset();
    sources_.reset();
    const auto read = [this]() -> Result<config::LiveSettings, std::string> {
      auto loaded = load_config(config().string());
      if (!loaded) return fail(loaded.error());
      return std::move(loaded->live);
    };
    const auto live = read();
    ASSERT_TRUE(live) << live.error();
    auto sources = Sources::open(*live);
    ASSERT_TRUE(sources) << sources.error();
    sources_ = std::move(*sources);
    builder_ = std::make_shared<BanBuilder>(*live, read);
    static_cast<void>(sources_->first(std::chrono::seconds(20), *builder_));
    auto ban = builder_->build_first();
    ASSERT_TRUE(ban) << ban.error();
    for (const auto& [source, file] : ban->trials) {
      static_cast<void>(sources_->decided(source, file, true));
    }
    auto gateway = Gateway::open(
        {.start = start_settings_,
         .dataplanes = {.workers = 1,
                        .open = [this](const io::Interest&) -> Result<Dataplanes, std::string> {
                          Dataplanes dataplanes;
                          dataplanes.push_back(std::make_unique<LiveDataplane>(wire_));
                          return dataplanes;
                        }},
         .ban = std::move(*ban),
         .rebuild = [this] { return builder_->build(); },
         .builder = builder_,
         .sources = sources_});
    ASSERT_TRUE(gateway) << gateway.error();
    gateway_ = std::move(*gateway);
  }

  struct Step {
    std::function<void()> act;
    std::function<bool()> until;
  };
  // One after the other, while it runs; a test that waits in vain is ended by ctest.
  void run(std::deque<Step> steps) {
    bool acted = false;
    const auto added = gateway_->loop().add_timer(std::chrono::milliseconds(5), [&] {
      if (!std::exchange(acted, true)) steps.front().act();
      if (gateway_->is_reloading() || !steps.front().until()) return;
      steps.pop_front();
      acted = false;
      if (steps.empty()) gateway_->stop();
    });
    ASSERT_TRUE(added);
    ASSERT_TRUE(gateway_->run());
  }
  [[nodiscard]] bool blocks(std::string_view name) const {
    return gateway_->explain({}, name).value().is_blocked();
  }
  [[nodiscard]] std::function<bool()> blocked(std::string name) const {
    return [this, name] { return blocks(name); };
  }
  [[nodiscard]] std::function<bool()> refused(std::string reason) const {
    return [this, reason] {
      return gateway_->metrics_text().contains(
          R"(sluice_source_refusals_total{source="src",reason=")" + reason + "\"}");
    };
  }
  // The program, in a process of its own. It sends SIGHUP to this one.
  [[nodiscard]] std::function<void()> rollback(const std::string& words) const {
    return [this, words] {
      const std::string command = std::string(SLUICE_PROGRAM) + " lists rollback -c " +
                                  config().string() + " " + words + " >" + (root_ / "out").string();
      EXPECT_EQ(std::system(command.c_str()), 0) << command;
    };
  }
  [[nodiscard]] std::string out() const {
    std::ifstream stream(root_ / "out");
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  static std::filesystem::path empty_folder() {
    auto folder = std::filesystem::path(testing::TempDir()) /
                  ("sluice_sources_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder);
    return folder;
  }
  std::filesystem::path root_ = empty_folder();
  test::HttpsServer server_{root_ / "server"};
  config::StartSettings start_settings_;
  LiveDataplane::Wire wire_;
  std::shared_ptr<Sources> sources_;
  std::shared_ptr<BanBuilder> builder_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(SourcesTest, AnUpdateByHttpsIsInForceAndABrokenOneIsRefused) {
  configure_https();
  server_.serve(names("first.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("first.example"));
  run({{[&] { server_.serve(names("second.example\n")); }, blocked("second.example")},
       {[&] { server_.mode("page"); }, refused("not_a_list")},
       {[&] { server_.mode("truncated"); }, refused("truncated")},
       {[&] {
          server_.mode("");
          server_.serve("only.example\n");
        },
        refused("guard")}});
  EXPECT_TRUE(blocks("second.example"));
  EXPECT_FALSE(blocks("first.example") || blocks("only.example"));
  EXPECT_THAT(gateway_->metrics_text(),
              HasSubstr("sluice_source_accepted_total{source=\"src\"} 2\n"));
}

TEST_F(SourcesTest, WhatTheGuardRefusedCanBeAccepted) {
  configure_https();
  server_.serve(names(""));
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] { server_.serve("only.example\n"); }, refused("guard")},
       {[&] { gateway_->reload(true); }, blocked("only.example")}});
  EXPECT_FALSE(blocks("n1.example"));
}

TEST_F(SourcesTest, StartsWithWhatIsOnDiskWhileTheServerIsDown) {
  configure_https();
  server_.serve(names("kept.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  server_.stop();
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[] {}, refused("unreachable")}});
  EXPECT_TRUE(blocks("kept.example"));
  EXPECT_THAT(gateway_->metrics_text(), HasSubstr("sluice_source_age_seconds{source=\"src\"}"));
}

TEST_F(SourcesTest, AFileThatIsRenamedIntoAFolderIsInForce) {
  configure("folder = \"drop\"\n");
  drop(names("first.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("first.example"));
  run({{[&] { drop(names("second.example\n")); }, blocked("second.example")},
       {[&] { drop("<html>Please log in</html>"); }, refused("not_a_list")}});
  EXPECT_TRUE(blocks("second.example"));
}

TEST_F(SourcesTest, AnOperatorRollsBack) {
  configure("folder = \"drop\"\n");
  // The one that is to be undone is much larger: the guard must not refuse the way back.
  std::string flood = names("third.example\n");
  for (int i = 0; i < 500; ++i) flood += "f" + std::to_string(i) + ".example\n";
  drop(names("first.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] { drop(flood); }, blocked("third.example")},
       {rollback(""), [&] { return !blocks("third.example"); }},
       {[&] { drop(flood + "# touched\n"); }, blocked("third.example")},
       {rollback("src --to 1"), [&] { return !blocks("third.example"); }},
       {rollback("--resume"), blocked("third.example")},
       {rollback("--to 1"), [&] { return !blocks("third.example"); }},
       {rollback("--list"), [] { return true; }}});
  EXPECT_TRUE(blocks("first.example"));
  EXPECT_THAT(out(), HasSubstr("in force, rolled back to"));
  EXPECT_THAT(gateway_->metrics_text(), HasSubstr("sluice_source_pinned{source=\"src\"} 1\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_FALSE(blocks("third.example")) << "it holds for the next start";
}

TEST_F(SourcesTest, SignedBundlesRiseInVersion) {
  const auto key = *lists::PrivateKey::generate();
  std::ofstream(root_ / "key.pub") << key.public_key().pem();
  configure_https("trusted_keys = [\"key.pub\"]\n");
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto bundle = [&](std::uint64_t version, const std::string& text,
                          const lists::PrivateKey& by) {
    lists::Manifest manifest{.version = version,
                             .created = now,
                             .valid_until = now + std::chrono::hours(1),
                             .author = "",
                             .members = {}};
    const lists::Member member{
        .name = "chat", .app = "chat", .format = lists::Format::domains, .sha256 = ""};
    return *lists::make_bundle(manifest, {{member, text}}, by);
  };
  server_.serve(bundle(5, names("five.example\n"), key));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("five.example"));
  run({{[&] { server_.serve(bundle(6, names("six.example\n"), key)); }, blocked("six.example")},
       {[&] { server_.serve(bundle(5, names("five.example\n"), key)); }, refused("older")},
       {[&] { server_.serve(bundle(7, names("x.example\n"), *lists::PrivateKey::generate())); },
        refused("untrusted")},
       {[&] { server_.serve(bundle(7, names("seven.example\n"), key)); },
        blocked("seven.example")}});
  EXPECT_THAT(gateway_->metrics_text(),
              HasSubstr("sluice_source_version{source=\"src\",version=\"v7\"} 1\n"));
}

TEST_F(SourcesTest, ABadSourceRefusesNoOther) {
  BanBuilder builder(
      {}, []() -> Result<config::LiveSettings, std::string> { return config::LiveSettings{}; });
  ASSERT_TRUE(builder.build_first());
  builder.want_trial("one", "nowhere/1");
  builder.want_trial("two", "nowhere/2");
  ASSERT_TRUE(builder.build());
  EXPECT_EQ(builder.trials().size(), 1U);
  EXPECT_TRUE(builder.built(false)) << "the other one follows";
  ASSERT_TRUE(builder.build());
  EXPECT_EQ(builder.trials().begin()->first, "two");
  EXPECT_FALSE(builder.built(true));
}

}  // namespace
}  // namespace sluice::app
