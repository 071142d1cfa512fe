// A gateway whose lists come from a real HTTPS server and from a folder: what comes is in force,
// what is broken is refused, and an operator can roll back.

#include "gateway/app/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "lists/bundle/bundle.h"
#include "lists/compile/image_file.h"
#include "lists/compile/load.h"
#include "tests/gateway/app/fed_gateway.h"
#include "tests/lists/https/https_server.h"

namespace sluice::app {
namespace {

using testing::HasSubstr;

// Some names, so that one more or less is no loss.
std::string names(std::string_view more) {
  std::string text(more);
  for (int i = 0; i < 20; ++i) text += "n" + std::to_string(i) + ".example\n";
  return text;
}

class SourcesTest : public testing::Test, protected test::FedGateway {
 protected:
  SourcesTest() { std::filesystem::create_directories(root_ / "drop"); }
  ~SourcesTest() override {
    close();
    std::filesystem::remove_all(root_);
  }
  SourcesTest(const SourcesTest&) = delete;
  SourcesTest& operator=(const SourcesTest&) = delete;

  [[nodiscard]] std::filesystem::path config() const { return root_ / "sluice.toml"; }
  void configure(const std::string& source,
                 const std::string& list = "app = \"chat\"\nname = \"chat\"\n") const {
    std::ofstream(config()) << "[dataplane]\ninside = \"a\"\noutside = \"b\"\n"
                            << "[lists]\nstate = \"state\"\n[[source]]\nname = \"src\"\n"
                            << source << "[[list]]\nsource = \"src\"\n"
                            << list << "[[policy]]\nname = \"all\"\napps = [\"chat\"]\n";
  }
  void configure_https(const std::string& more = "") const {
    configure("url = \"" + server_.url() + "\"\nca_file = \"" + server_.ca().string() +
              "\"\ninterval_seconds = 1\n" + more);
  }
  void drop(const std::string& text, const std::string& file = "chat.list") const {
    std::ofstream(root_ / "drop/.new.swp", std::ios::binary) << text;
    std::filesystem::rename(root_ / "drop/.new.swp", root_ / "drop" / file);
  }

  void open() {
    const auto read = [this]() -> Result<config::LiveSettings, std::string> {
      auto loaded = load_config(config().string());
      if (!loaded) return fail(loaded.error());
      return std::move(loaded->live);
    };
    const auto live = read();
    ASSERT_TRUE(live) << live.error();
    FedGateway::open(*live, read);
  }

  [[nodiscard]] std::function<bool()> refused(const std::string& reason) const {
    return measured(R"(sluice_source_refusals_total{source="src",reason=")" + reason + "\"}");
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

// Bug: it was counted as refused by the guard.
TEST_F(SourcesTest, WhatDoesNotCompileIsCountedAsUnusable) {
  configure("folder = \"drop\"\n");
  drop(names("first.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] { drop("address=/a.example/\nlocal-zone: \"b.example\" static\n"); },
        refused("unusable")}});
  EXPECT_FALSE(refused("guard")());
  EXPECT_TRUE(blocks("first.example"));
}

TEST_F(SourcesTest, AnUpdateThatWouldBlockMuchOfWhatWasSeenIsRefused) {
  configure("folder = \"drop\"\n");
  drop(names("first.example\n"));
  ASSERT_NO_FATAL_FAILURE(open());
  const std::string canary = "sluice_reload_refused{list=\"\",reason=\"canary\"} 1\n";
  run({{[&] { ask_for_popular_names(); }, all_seen()},
       {[&] { drop(names("popular.example\n")); }, measured(canary)},
       {[] {}, refused("guard")},
       {[&] { drop(names("second.example\n")); }, blocked("second.example")},
       {[&] { drop(names("popular.example\n")); }, measured(canary)},
       {[&] { gateway_->reload(true); }, blocked("www.popular.example")}});
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

class BundlesTest : public SourcesTest {
 protected:
  BundlesTest() { std::ofstream(root_ / "key.pub") << key_.public_key().pem(); }

  static constexpr const char* kKeys = "trusted_keys = [\"key.pub\"]\n";
  static constexpr const char* kFolder = "folder = \"drop\"\ntrusted_keys = [\"key.pub\"]\n";

  static std::string bundle(std::uint64_t version, const std::vector<lists::NewMember>& members,
                            const lists::PrivateKey& by) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return *lists::make_bundle({.version = version,
                                .created = now,
                                .valid_until = now + std::chrono::hours(1),
                                .author = "",
                                .members = {}},
                               members, by);
  }
  // A list for an app.
  static lists::NewMember list(const std::string& name, const std::string& text,
                               const std::string& app = "chat") {
    return {{.name = name, .app = app, .format = lists::Format::domains}, text};
  }
  [[nodiscard]] std::string chat(std::uint64_t version, const std::string& text) const {
    return bundle(version, {list("chat", text)}, key_);
  }
  // A bundle with an image of one list of the app chat.
  [[nodiscard]] std::string image(std::uint64_t version, const std::string& text) const {
    const auto read = [text]() -> Result<lists::ListText, std::string> {
      return lists::ListText{std::pmr::string(text), "1", {}};
    };
    const auto compiled = lists::compile(
        {{.name = "chat", .source = lists::Source("chat", read), .format = {}, .app = "chat"}});
    const auto file = root_ / "built.image";
    EXPECT_TRUE(lists::write_image(compiled->domains, file));
    const lists::Member member{.name = "names.image", .kind = lists::MemberKind::image};
    return bundle(version, {{member, lists::load_file(file)->text}}, key_);
  }

  lists::PrivateKey key_ = *lists::PrivateKey::generate();
};

TEST_F(BundlesTest, RiseInVersion) {
  configure_https(kKeys);
  server_.serve(chat(5, names("five.example\n")));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("five.example"));
  const auto stranger = *lists::PrivateKey::generate();
  run({{[&] { server_.serve(chat(6, names("six.example\n"))); }, blocked("six.example")},
       {[&] { server_.serve(chat(5, names("five.example\n"))); }, refused("older")},
       {[&] { server_.serve(bundle(7, {list("chat", names("x.example\n"))}, stranger)); },
        refused("untrusted")},
       {[&] { server_.serve(chat(7, names("seven.example\n"))); }, blocked("seven.example")}});
  const std::string metrics = gateway_->metrics_text();
  EXPECT_THAT(metrics, HasSubstr("sluice_source_version{source=\"src\",version=\"v7\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("sluice_source_valid_until_timestamp_seconds{source=\"src\"} "));
  EXPECT_THAT(metrics,
              HasSubstr("sluice_source_certificate_expiry_timestamp_seconds{source=\"src\"} "));
}

// Signed for one app, and taken for another, it would ban what nobody meant.
TEST_F(BundlesTest, AListForAnotherAppIsRefused) {
  configure(kFolder);
  drop(chat(1, names("first.example\n")), "1.bundle");
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] {
          drop(bundle(2, {list("chat", names("second.example\n"), "games")}, key_), "2.bundle");
        },
        refused("unusable")}});
  EXPECT_FALSE(refused("guard")());
  EXPECT_TRUE(blocks("first.example"));
  EXPECT_FALSE(blocks("second.example"));
}

TEST_F(BundlesTest, MayHoldAnImage) {
  configure(kFolder, "image = \"names.image\"\n");
  drop(image(1, names("first.example\n")), "1.bundle");
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("first.example"));
  std::string flood = names("second.example\n");
  for (int i = 0; i < 500; ++i) flood += "f" + std::to_string(i) + ".example\n";
  run({{[&] { drop(image(2, flood), "2.bundle"); }, blocked("second.example")},
       {[&] { drop(image(3, "only.example\n"), "3.bundle"); }, refused("guard")},
       {rollback(""), [&] { return !blocks("second.example"); }}});
  EXPECT_TRUE(blocks("first.example"));
  EXPECT_FALSE(blocks("only.example"));
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("first.example")) << "from disk";
}

TEST_F(BundlesTest, WhatNoListTakesIsToldOnce) {
  configure(kFolder);
  drop(bundle(1, {list("chat", names("")), list("games", "g.example\n", "games")}, key_),
       "1.bundle");
  ASSERT_NO_FATAL_FAILURE(open());
  const char* const line = "source src: no [[list]] takes this from its bundle v1: games";
  EXPECT_THAT(first_warnings_, testing::Contains(line));
  builder_->want_lists();
  EXPECT_THAT(builder_->build()->warnings, testing::Not(testing::Contains(line)));
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
