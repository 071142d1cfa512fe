#pragma once

// Tells the service manager how the gateway is, as systemd wants it (sd_notify(3)):
//
//   ready ─► [reloading ─► ready]* ─► stopping       alive, at least every watchdog()
//
// Where no service manager asked ($NOTIFY_SOCKET is not set), nothing is sent. A message that
// cannot be sent is lost: the manager then acts by its own timeouts.
// Threads: one. Each call is a datagram to a local socket.

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace sluice::service {

class ServiceManager {
 public:
  // Takes lines of VARIABLE=value.
  using Send = std::function<void(const std::string& message)>;

  ServiceManager() = default;  // nobody asked
  ServiceManager(Send send, std::chrono::microseconds watchdog)
      : send_(std::move(send)), watchdog_(watchdog) {}
  // As the environment says.
  [[nodiscard]] static ServiceManager of_environment();

  // The start, or a reload, has ended. `status`: a line for people, which stays until the next one.
  void ready(const std::string& status) const;
  void reloading() const;
  void stopping() const;
  // Without this for watchdog(), the manager takes the gateway to be stuck, and restarts it.
  void alive() const;
  // 0: it does not watch.
  [[nodiscard]] std::chrono::microseconds watchdog() const noexcept { return watchdog_; }

 private:
  void send(const std::string& message) const;

  Send send_;
  std::chrono::microseconds watchdog_{0};
};

}  // namespace sluice::service
