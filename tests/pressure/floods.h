#pragma once

// Floods: packets that take what all clients need, a different one each time.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dataplane/frame.h"
#include "tests/support/packet_builder.h"

namespace sluice::pressure {

struct Step {
  test::ByteVector frame;
  io::Side side = io::Side::inside;
};
using Steps = std::vector<Step>;

// Whose packets they are.
enum class Origin : std::uint8_t {
  one_client,
  one_slash64,   // all addresses of one host's IPv6 network
  many_clients,  // an address each
};

// What a flood of many clients takes from an honest client that has it half done, whatever we do:
// the gateway cannot tell them apart, and there is not enough for all.
enum class Starves : std::uint8_t { nothing, connections, streams, hellos, fragments };

struct Flood {
  std::string_view name;
  Steps (*make)(std::size_t number, std::string_view client);  // an address
  Starves starves = Starves::nothing;
};

[[nodiscard]] std::span<const Flood> floods();
[[nodiscard]] std::string client_of(Origin origin, std::size_t number);

}  // namespace sluice::pressure
