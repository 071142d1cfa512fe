#pragma once

// Where lists come from while the gateway runs: a feed (lists/update/feed.h) and a thread for each
// zone, URL and folder.
//
//   source-N: wait, fetch, take in ─► queue, eventfd ─► the event loop: what came, or why nothing
//   did
//
// A zone keeps its file itself. What a URL or a folder brings is a candidate on disk
// (lists/versions/intake.h): the event loop has it tried, and says by decided() what became of it;
// only then is it a version.
//
// Threads: open(), first(), start(), decided() and stop() for the loop's thread; zones() and
// statuses() for any.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "filters/base/result.h"
#include "gateway/app/ban_builder.h"
#include "gateway/app/event_loop.h"
#include "gateway/config/config.h"
#include "gateway/telemetry/metrics.h"
#include "lists/compile/amend.h"
#include "lists/update/feed.h"
#include "lists/versions/intake.h"

namespace sluice::app {

class Sources {
 public:
  struct Event {
    std::string name;  // of the source; of a zone, its list
    std::variant<lists::Fetched, lists::Candidate, lists::Refusal> what;  // Fetched: a zone's
  };
  using OnEvent = std::function<void(Event)>;

  // Reads keys, opens the sockets that hear NOTIFY, loads and locks what is on disk. Error: lines.
  [[nodiscard]] static Result<std::unique_ptr<Sources>, std::string> open(
      const config::LiveSettings& live);
  ~Sources();
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  // Fetches what is not on disk yet; blocks up to `most` for each. Candidates go to the builder.
  // Lines about damage, and about sources that gave nothing: their lists are empty, or files.
  [[nodiscard]] std::vector<std::string> first(std::chrono::seconds most, BanBuilder& builder);
  // Error: no descriptor, no thread. `loop` outlives it.
  [[nodiscard]] Result<void, std::string> start(EventLoop& loop, OnEvent on_event);
  void stop();

  // What became of a candidate that was tried.
  enum class Decision : std::uint8_t {
    published,  // in force
    refused,    // by the guard or the canary
    unusable,   // it did not compile, or the configuration does not fit it
  };
  // Lines for the log.
  [[nodiscard]] std::vector<std::string> decided(const std::string& source,
                                                 const std::filesystem::path& candidate,
                                                 Decision decision);

  [[nodiscard]] std::vector<telemetry::ZoneStatus> zones() const;
  [[nodiscard]] std::vector<telemetry::SourceStatus> statuses() const;

 private:
  struct Place;

  Sources() = default;
  void run(Place& place);
  void deliver();
  void tell(Event event);

  std::vector<std::unique_ptr<Place>> places_;
  EventLoop* loop_ = nullptr;
  EventLoop::Watch watch_{};
  OnEvent on_event_;
  Descriptor arrived_;  // an eventfd
  std::mutex mutex_;
  std::vector<Event> events_;  // guarded by the mutex
};

// For BanBuilder::want().
[[nodiscard]] lists::ListChanges changes_of(const std::string& list, lists::Fetched fetched,
                                            lists::Changes changes);

}  // namespace sluice::app
