#pragma once

// A bounded table of flows with keyed hash, idle timeouts and counted evictions.
//
// Sized at construction; never allocates afterwards. Not thread-safe: one worker owns one table.
// Entries live in two classes: `light` (nothing is lost with them that traffic does not bring
// again) and `held` (bytes are kept, or a verdict that must stand). A full table evicts the light
// entry that has been idle longest, and a held one only where there is no light one. So a
// flood of new flows does not push out the flows that are under judgement or blocked.
//
// Value: trivially destructible or not; `on_remove(Value&, Removal)` is told of every removal and
// gives back what the value holds elsewhere (a stream slot).
// Cost: find, insert and touch O(1) expected; expire() O(1) and a bounded number of removals a
// call.
//
//   capacity C -> resident bytes = C * bytes_per_flow()

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/flow_key.h"

namespace sluice::flow {

enum class Removal : std::uint8_t {
  idle,           // timed out
  closed,         // the caller removed it: both ends are done
  evicted_light,  // table full
  evicted_held,   // table full of held flows
};
inline constexpr std::size_t kRemovals = 4;
[[nodiscard]] std::string_view to_string(Removal removal) noexcept;

enum class Keep : std::uint8_t { light, held };

}  // namespace sluice::flow
