#pragma once

// An address and a port of the configuration, and the sockets of it. Values; no allocation except
// in text.

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/base/ip_address.h"

namespace sluice::lists {

// `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`; port 53 if none is given.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);

// For connect(2) and bind(2).
struct SocketAddress {
  explicit SocketAddress(const Endpoint& endpoint) noexcept;
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }

  sockaddr_storage storage{};
  socklen_t size = 0;
};
// Of a datagram's sender.
[[nodiscard]] IpAddress address_of(const sockaddr_storage& storage) noexcept;

}  // namespace sluice::lists
