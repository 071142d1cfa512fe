#pragma once

// What syslog and Kafka are told that lines are from. Empty: the system does not say.

#include <unistd.h>

#include <array>
#include <string>

namespace sluice::telemetry {

[[nodiscard]] inline std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

}  // namespace sluice::telemetry
