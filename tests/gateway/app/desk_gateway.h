#pragma once

// A gateway on a wire in memory that runs in a thread of its own, and a desk that answers for it.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "gateway/app/gateway.h"
#include "tests/gateway/app/ban.h"
#include "tests/gateway/app/live_dataplane.h"
#include "tests/gateway/control/folder.h"

namespace sluice::test {

// Desk: ControlDesk or ConsoleDesk.
template <typename Desk>
class DeskGateway : public testing::Test {
 protected:
  DeskGateway() {
    spdlog::set_level(spdlog::level::off);
    start.flows = 1024;
    start.streams = 64;
    start.audit_ring = 64;
    start.metrics_listen = "";
    start.inside = "eth1";
  }
  ~DeskGateway() override {
    if (gateway) gateway->stop();
  }

  // Until the end of the test.
  void run() {
    auto opened_desk = Desk::open(start);
    ASSERT_TRUE(opened_desk) << opened_desk.error();
    desk = std::move(*opened_desk);
    auto opened = app::Gateway::open(
        {.start = start,
         .dataplanes = {.workers = 1,
                        .open =
                            [this](const io::Interest&) -> Result<app::Dataplanes, std::string> {
                          app::Dataplanes dataplanes;
                          dataplanes.push_back(std::make_unique<LiveDataplane>(wire));
                          return dataplanes;
                        }},
         .ban = first(),
         .rebuild = [this] { return next(); }});
    ASSERT_TRUE(opened) << opened.error();
    gateway = std::move(*opened);
    ASSERT_TRUE(desk->attach(*gateway));
    thread = std::jthread([this] { EXPECT_TRUE(gateway->run()); });
  }
  // From outside, for the gateway runs in a thread of its own.
  static void ask_to_reload() { EXPECT_EQ(::kill(::getpid(), SIGHUP), 0); }
  void push_query(std::string_view name, std::string_view client = "10.0.0.1:5000") {
    wire.push(FrameBuilder(client, "192.0.2.53:53").payload(dns_query(name)).build());
  }

  SocketFolder folder;
  config::StartSettings start;
  LiveDataplane::Wire wire;
  std::function<app::Ban()> first = [] { return office_ban({"chat.example"}); };
  std::function<app::Reloader::Outcome()> next = [] { return office_ban({"other.example"}); };
  std::unique_ptr<Desk> desk;
  std::unique_ptr<app::Gateway> gateway;
  std::jthread thread;  // ends first
};

}  // namespace sluice::test
