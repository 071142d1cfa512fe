#pragma once

// Private to the judge: a sink for what is read once more. Names that were told before are told
// again only where they block.

#include "gateway/engine/judgement.h"

namespace sluice::engine {

class RefusalsOnly final : public FindingSink {
 public:
  explicit RefusalsOnly(FindingSink& to) : to_(to) {}
  void on_finding(const packet::Packet& packet, const inspect::Finding& finding,
                  const policy::Decision& decision) noexcept override {
    const bool refuses =
        decision.action == policy::Action::drop || decision.action == policy::Action::reject;
    if (refuses) to_.on_finding(packet, finding, decision);
  }
  void on_parse_error(inspect::ParseError) noexcept override {}

 private:
  FindingSink& to_;
};

}  // namespace sluice::engine
