#pragma once

// A gateway whose lists come from sources: what a test of them has, and how it waits.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/app/explain.h"
#include "gateway/app/gateway.h"
#include "gateway/app/sources.h"
#include "tests/gateway/app/live_dataplane.h"

namespace sluice::test {

// A part of a fixture. One worker; no metrics port; nothing is logged.
class FedGateway {
 protected:
  FedGateway() {
    spdlog::set_level(spdlog::level::off);
    start_settings_.flows = 1024;
    start_settings_.streams = 64;
    start_settings_.metrics_listen = "";
  }

  // As `sluice run` starts: fetches what is not on disk, builds, opens. `tries`: a server may still
  // be loading what it serves.
  void open(const config::LiveSettings& live, app::BanBuilder::ReadSettings read, int tries = 1) {
    close();
    auto sources = app::Sources::open(live);
    ASSERT_TRUE(sources) << sources.error();
    sources_ = std::move(*sources);
    builder_ = std::make_shared<app::BanBuilder>(live, std::move(read));
    while (!sources_->first(std::chrono::seconds(20), *builder_).empty() && --tries > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    auto ban = builder_->build_first();
    ASSERT_TRUE(ban) << ban.error();
    first_warnings_ = ban->warnings;
    for (const auto& [source, file] : ban->trials) {
      static_cast<void>(sources_->decided(source, file, app::Sources::Decision::published));
    }
    auto gateway = app::Gateway::open(
        {.start = start_settings_,
         .dataplanes = {.workers = 1,
                        .open =
                            [this](const io::Interest&) -> Result<app::Dataplanes, std::string> {
                          app::Dataplanes dataplanes;
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
  void close() {
    gateway_.reset();
    builder_.reset();
    sources_.reset();
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
    return app::explain(*gateway_->snapshot(), {}, name).value().is_blocked();
  }
  [[nodiscard]] std::function<bool()> blocked(std::string name) const {
    return [this, name] { return blocks(name); };
  }
  [[nodiscard]] std::function<bool()> measured(std::string text) const {
    return [this, text] { return gateway_->metrics_text().contains(text); };
  }

  // A third of them is below popular.example.
  void ask_for_popular_names() {
    for (int i = 0; i < kAsked; ++i) {
      const std::string parent = i % 3 == 0 ? ".popular.example" : ".other.test";
      wire_.push(FrameBuilder("10.0.0.1:5000", "192.0.2.53:53")
                     .payload(dns_query("n" + std::to_string(i) + parent))
                     .build());
    }
  }
  [[nodiscard]] std::function<bool()> all_seen() const {
    return [this] { return gateway_->statistics().packets == kAsked; };
  }
  static constexpr int kAsked = 300;

  config::StartSettings start_settings_;
  LiveDataplane::Wire wire_;
  std::shared_ptr<app::Sources> sources_;
  std::shared_ptr<app::BanBuilder> builder_;
  std::vector<std::string> first_warnings_;  // of the ban that it was opened with
  std::unique_ptr<app::Gateway> gateway_;
};

}  // namespace sluice::test
