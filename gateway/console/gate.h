#pragma once

// Who may ask the console: by the Host header of a request, and by its token.
//
// Host: a page of an attacker can make its own name lead to our address (DNS rebinding), and the
// browser then lets it read what we answer. Such a request has the attacker's name in its Host
// header, so only `localhost`, loopback addresses and the address that we listen on are taken. An
// address cannot be rebound: if we listen on all, every address is taken. The port does not matter,
// so that a tunnel may lead here from any port.
// Token: `Authorization: Bearer TOKEN`, compared in constant time.
// Pure after construction; any thread. Cost: knows_token() hashes, and allocates nothing.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "filters/base/ip_address.h"

namespace sluice::console {

// The host in a Host header (RFC 9110 section 7.2), without its port and without the brackets of an
// IPv6 address; a view into `header`. Nothing: it is none.
[[nodiscard]] std::optional<std::string_view> host_in(std::string_view header) noexcept;

class Gate {
 public:
  static constexpr std::size_t kLeastToken = 16;  // bytes: nobody guesses it

  // An empty token: none is needed.
  Gate(const IpAddress& listen, std::string_view token);

  [[nodiscard]] bool knows_host(std::string_view header) const noexcept;
  [[nodiscard]] bool knows_token(std::string_view authorization) const noexcept;

 private:
  using Digest = std::array<unsigned char, 32>;
  [[nodiscard]] static Digest digest_of(std::string_view text) noexcept;

  IpAddress listen_;
  std::optional<Digest> token_;
};

}  // namespace sluice::console
