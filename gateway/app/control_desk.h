#pragma once

// Answers the control socket (gateway/control) for a running gateway.
//
//   open(): the socket is there, before any interface is touched     attach(): peers are answered
//
// Everything happens in the thread of the event loop. A `reload` or `rollback` is answered when the
// reload that it asked for has ended; all else at once.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/app/frame_capture.h"
#include "gateway/app/gateway.h"
#include "gateway/config/config.h"
#include "gateway/control/server.h"

namespace sluice::app {

class ControlDesk {
 public:
  // Null: none is configured. Error: one line.
  [[nodiscard]] static Result<std::unique_ptr<ControlDesk>, std::string> open(
      const config::StartSettings& start);
  ControlDesk(const ControlDesk&) = delete;
  ControlDesk& operator=(const ControlDesk&) = delete;

  // REQUIRES: this outlives `gateway`. Call once.
  [[nodiscard]] Result<void, std::string> attach(Gateway& gateway);

 private:
  struct Waiting {
    control::PeerId peer;
    std::string done;  // what was rolled back; empty: nothing
  };
  using Reply = std::optional<std::string>;

  ControlDesk() = default;
  [[nodiscard]] Reply handle(const control::Request& request, const control::Server::Asker& asker);
  [[nodiscard]] std::string explain(const control::Request& request) const;
  [[nodiscard]] std::string flows(const control::Request& request) const;
  [[nodiscard]] std::string clients(const control::Request& request) const;
  [[nodiscard]] Reply roll_back(const control::Request& request, control::PeerId peer);
  [[nodiscard]] std::string capture(const control::Request& request, control::PeerId peer);
  void reload(bool accepted, Waiting waiting);
  void finish_reload(const ReloadReport& report);

  Gateway* gateway_ = nullptr;  // until attach()
  std::unique_ptr<control::Server> server_;
  std::unique_ptr<FrameCapture> capture_;  // from attach() on
  std::vector<Waiting> waiting_;           // for the reload under way
  std::vector<Waiting> later_;             // for the one after it
};

}  // namespace sluice::app
