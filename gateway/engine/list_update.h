#pragma once

// Ends open flows whose name a list update banned (kill_open_flows).

#include <optional>

#include "gateway/engine/context.h"
#include "gateway/engine/remembered_name.h"
#include "gateway/engine/ruling.h"

namespace sluice::engine {

// What today's rules say, for this packet's client, of the name that its flow was passed for. Tells
// the sink where they refuse it. Nothing where they do not, or the configuration lets open flows
// be.
[[nodiscard]] std::optional<Refusal> refused_by_update(const Context& context,
                                                       const RememberedName& remembered) noexcept;

}  // namespace sluice::engine
