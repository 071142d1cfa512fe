#pragma once

// The lists that are zones: a feed (lists/transfer/zone_feed.h) and a thread for each.
//
//   zone-N: wait, fetch ─► queue, eventfd ─► the event loop: what came, or why nothing did
//
// Threads: open(), first(), start() and stop() for the loop's thread; statuses() for any.

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "filters/base/result.h"
#include "gateway/app/descriptor.h"
#include "gateway/app/event_loop.h"
#include "gateway/config/config.h"
#include "gateway/telemetry/metrics.h"
#include "lists/compile/amend.h"
#include "lists/update/feed.h"

namespace sluice::app {

class Zones {
 public:
  struct Event {
    std::string list;
    Result<lists::Fetched, lists::Refusal> what;
  };
  using OnEvent = std::function<void(Event)>;

  // Reads the keys, opens the sockets that hear NOTIFY, loads what is on disk. Error: lines.
  [[nodiscard]] static Result<std::unique_ptr<Zones>, std::string> open(
      const std::vector<config::ZoneSpec>& specs);
  ~Zones();
  Zones(const Zones&) = delete;
  Zones& operator=(const Zones&) = delete;

  // Transfers the zones that are not on disk yet; blocks up to `most` for each. Lines about those
  // that could not be transferred: their lists are empty until they can.
  [[nodiscard]] std::vector<std::string> first(std::chrono::seconds most);
  // Error: no descriptor, no thread. `loop` outlives it.
  [[nodiscard]] Result<void, std::string> start(EventLoop& loop, OnEvent on_event);
  void stop();

  [[nodiscard]] std::vector<telemetry::ZoneStatus> statuses() const;

 private:
  struct Zone;

  Zones() = default;
  void run(Zone& zone);
  void hand_over(Event event);
  void deliver();

  std::vector<std::unique_ptr<Zone>> zones_;
  EventLoop* loop_ = nullptr;
  EventLoop::Watch watch_{};
  OnEvent on_event_;
  Descriptor arrived_;  // an eventfd
  std::mutex mutex_;
  std::vector<Event> events_;  // guarded by the mutex
};

// For BanBuilder::want(). REQUIRES: the feed knows the changes.
[[nodiscard]] lists::ListChanges changes_of(const std::string& list, lists::Fetched fetched,
                                            lists::Changes changes);

}  // namespace sluice::app
