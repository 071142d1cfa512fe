#include "lists/transfer/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace sluice::lists {
namespace {

constexpr std::size_t kV4At = 12;  // in a mapped address

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  std::string_view port;
  std::string_view host = text;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (std::ranges::count(text, ':') == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
  }
  Endpoint endpoint{.port = Port{53}};
  const auto address = IpAddress::parse(host);
  if (!address) return std::nullopt;
  endpoint.address = *address;
  if (port.empty()) return endpoint;
  const auto number = port.starts_with(':') ? parse_port(port.substr(1)) : std::nullopt;
  if (!number) return std::nullopt;
  endpoint.port.number = *number;
  return endpoint;
}

SocketAddress::SocketAddress(const Endpoint& endpoint) noexcept {
  const auto bytes = endpoint.address.mapped();
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port.number);
    std::memcpy(&v4.sin_addr, bytes.data() + kV4At, sizeof v4.sin_addr);
    std::memcpy(&storage, &v4, size = sizeof v4);
    return;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port.number);
  std::memcpy(&v6.sin6_addr, bytes.data(), sizeof v6.sin6_addr);
  std::memcpy(&storage, &v6, size = sizeof v6);
}

IpAddress address_of(const sockaddr_storage& storage) noexcept {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    return IpAddress::from_bytes(std::as_bytes(std::span(&v4.sin_addr, 1)));
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &storage, sizeof v6);
  return IpAddress::from_bytes(std::as_bytes(std::span(&v6.sin6_addr, 1)));
}

}  // namespace sluice::lists
