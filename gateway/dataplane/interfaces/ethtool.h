#pragma once

// Asks the driver of one interface, with ioctls (linux/ethtool.h). One thread. Whatever a driver
// does not tell is none. Private to interfaces/.

#include <cstddef>
#include <optional>
#include <string>

#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

class Ethtool {
 public:
  explicit Ethtool(const std::string& interface) noexcept;  // keeps a reference to the name
  ~Ethtool();
  Ethtool(const Ethtool&) = delete;
  Ethtool& operator=(const Ethtool&) = delete;

  [[nodiscard]] std::size_t mtu() const noexcept;  // bytes; 0: no such interface
  [[nodiscard]] std::string driver() const;        // empty: it does not tell
  [[nodiscard]] std::optional<Offloads> offloads() const;
  [[nodiscard]] std::optional<Queues> queues() const;
  // Does the receive hash of TCP over IPv4 cover addresses and ports?
  [[nodiscard]] std::optional<bool> hashes_ports() const;

 private:
  // False: the kernel or the driver refuses.
  bool ask(void* question) const noexcept;

  const std::string& interface_;
  int socket_;
};

}  // namespace sluice::io
