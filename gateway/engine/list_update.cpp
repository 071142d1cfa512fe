#include "gateway/engine/list_update.h"

namespace sluice::engine {

std::optional<Refusal> refused_by_update(const Context& context,
                                         const RememberedName& remembered) noexcept {
  const Snapshot& snapshot = context.snapshot;
  if (!snapshot.kill_open_flows || remembered.empty()) return std::nullopt;
  const inspect::Finding finding{.protocol = remembered.protocol(),
                                 .source = inspect::Source::server_name,
                                 .name = remembered.name()};
  const auto decision = snapshot.policies.decide(snapshot.domains, context.client(), finding.name);
  if (decision.action != policy::Action::drop && decision.action != policy::Action::reject) {
    return std::nullopt;
  }
  Ruling ruling;
  add(context, finding, decision, ruling);
  return ruling.refusal;
}

}  // namespace sluice::engine
