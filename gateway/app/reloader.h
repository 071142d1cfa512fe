#pragma once

// Reloads in the background: builds the next ban in a thread of its own, at low priority, and hands
// it to the event loop.
//
//   request() ─► build() in its thread ─► eventfd ─► done(outcome) in the loop's thread
//       └─ during a build: remembered; one more build follows, whatever the number of requests
//
// Threads: all functions are for the loop's thread. `build` runs in the other one: it must not
// share what it uses with anybody.
// stop() and the destructor wait for the build under way and discard its result.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "filters/base/result.h"
#include "gateway/app/event_loop.h"
#include "gateway/app/setup.h"

namespace sluice::app {

class Reloader {
 public:
  using Outcome = Result<Ban, std::string>;
  using Build = std::function<Outcome()>;
  using Done = std::function<void(Outcome)>;

  // `loop` outlives it. What `build` throws becomes an error.
  [[nodiscard]] static Result<std::unique_ptr<Reloader>, std::string> open(EventLoop& loop,
                                                                           Build build, Done done);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // `accepted`: an operator says that the ban may lack what it had. Ignored after stop().
  void request(bool accepted = false);
  void stop();
  // Also during `done`, if another build follows it.
  [[nodiscard]] bool is_busy() const noexcept { return thread_.joinable() || again_; }

 private:
  Reloader(EventLoop& loop, Build build, Done done);
  void start(bool accepted);
  void finish();

  EventLoop& loop_;
  Build build_;
  Done done_;
  Descriptor built_;  // an eventfd
  EventLoop::Watch watch_{};
  bool accepted_ = false;  // the build under way
  bool delivers_ = false;  // `done` is being called: what it requests comes after it
  bool again_ = false;
  bool again_accepted_ = false;
  bool stopped_ = false;
  std::optional<Outcome> outcome_;  // the thread's, until it is joined
  std::jthread thread_;
};

}  // namespace sluice::app
