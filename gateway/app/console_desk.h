#pragma once

// The console (gateway/console) of a running gateway.
//
//   main thread, every second ─► View: texts, snapshot, settings, records ─► Published ─┐
//   a peer ─► the console's thread: Server ─► Site ─► answer() ◄────────────────────────┘
//
// The console's thread sees nothing of the gateway but the newest View, which never changes: its
// requests cost the main thread nothing, and no worker knows of them.
//   open(): it listens, before any interface is touched     attach(): peers are answered

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/app/gateway.h"
#include "gateway/config/config.h"
#include "gateway/console/history.h"
#include "gateway/console/server.h"

namespace sluice::app {

class ConsoleDesk {
 public:
  // Null: none is configured. Error: one line.
  [[nodiscard]] static Result<std::unique_ptr<ConsoleDesk>, std::string> open(
      const config::StartSettings& start);
  ConsoleDesk(const ConsoleDesk&) = delete;
  ConsoleDesk& operator=(const ConsoleDesk&) = delete;

  // REQUIRES: this outlives `gateway`, which has an Activity. Call once.
  [[nodiscard]] Result<void, std::string> attach(Gateway& gateway);
  [[nodiscard]] const Endpoint& address() const noexcept { return server_->address(); }

 private:
  using Text = std::shared_ptr<const std::string>;
  // What the console knows: immutable.
  struct View {
    Text status, blocked, history;
    schedule::Time at;
    std::shared_ptr<const engine::Snapshot> snapshot;
    std::shared_ptr<const config::LiveSettings> settings;  // null: nothing is scheduled
    std::vector<telemetry::AuditRecord> records;           // the latest first
    telemetry::AuditOptions audit;
  };

  ConsoleDesk() = default;
  // Of the main thread.
  void publish();
  [[nodiscard]] std::shared_ptr<const View> look();
  // Of the console's thread.
  [[nodiscard]] std::optional<console::Reply> answer(const console::Request& request) const;

  Gateway* gateway_ = nullptr;  // until attach(); of the main thread
  console::History history_;
  Text history_text_;
  std::string token_;
  IpAddress listen_;
  engine::Published<View> views_{nullptr};   // not null from attach() on
  std::unique_ptr<console::Server> server_;  // goes first: its thread reads what is above
};

}  // namespace sluice::app
