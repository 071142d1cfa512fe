#include "gateway/service/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace sluice::service {
namespace {

constexpr int kKeepEnvironment = 0;

}  // namespace

ServiceManager ServiceManager::of_environment() {
  std::uint64_t watchdog = 0;  // microseconds
  if (sd_watchdog_enabled(kKeepEnvironment, &watchdog) <= 0) watchdog = 0;
  return {[](const std::string& message) {
            static_cast<void>(sd_notify(kKeepEnvironment, message.c_str()));
          },
          std::chrono::microseconds(watchdog)};
}

void ServiceManager::ready(const std::string& status) const {
  send("READY=1\nSTATUS=" + status);
}

// systemd 253 and later wait for the READY=1 of this very reload, which they tell by the time.
void ServiceManager::reloading() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros) + "\nSTATUS=reloading");
}

void ServiceManager::stopping() const {
  send("STOPPING=1\nSTATUS=stopping");
}

void ServiceManager::alive() const {
  send("WATCHDOG=1");
}

void ServiceManager::send(const std::string& message) const {
  if (send_) send_(message);
}

}  // namespace sluice::service
