#pragma once

// The other end of the control socket: one request after the other, each waits for its reply.
//
// Threads: one. Blocks, for as long as its caller says.

#include <chrono>
#include <filesystem>
#include <string>

#include "filters/base/result.h"
#include "gateway/control/protocol.h"
#include "gateway/os/descriptor.h"

namespace sluice::control {

class Client {
 public:
  using Duration = std::chrono::milliseconds;

  // Error: one line with the path; no gateway runs there, or it may not be asked.
  [[nodiscard]] static Result<Client, std::string> open(const std::filesystem::path& path);

  // The gateway's line, without its end. Error: why there is none.
  [[nodiscard]] Result<std::string, std::string> ask(const Request& request, Duration patience);

 private:
  explicit Client(os::Descriptor socket) : socket_(std::move(socket)) {}

  os::Descriptor socket_;
  std::string in_;  // what came after the last reply
};

}  // namespace sluice::control
