#pragma once

// The vocabularies of filters/ as label values of metrics, and the slots of their error counters.

#include "filters/inspect/inspect.h"
#include "filters/packet/packet.h"
#include "gateway/engine/reason.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::engine {

static_assert(packet::kDecodeErrors + inspect::kParseErrors <= telemetry::kErrorSlots,
              "each error has a slot of its own");
static_assert(kReasons <= telemetry::kReasonSlots, "each reason has a slot of its own");

[[nodiscard]] constexpr std::size_t error_slot(packet::DecodeError error) noexcept {
  return static_cast<std::size_t>(error);
}
[[nodiscard]] constexpr std::size_t error_slot(inspect::ParseError error) noexcept {
  return packet::kDecodeErrors + static_cast<std::size_t>(error);
}

[[nodiscard]] telemetry::Labels labels();

}  // namespace sluice::engine
