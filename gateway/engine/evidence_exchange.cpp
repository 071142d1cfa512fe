#include "gateway/engine/evidence_exchange.h"

namespace sluice::engine {

EvidenceExchange::EvidenceExchange(std::size_t workers)
    : workers_(workers), rings_(workers * workers) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    if (i / workers != i % workers) rings_[i] = std::make_unique<Ring>(kFacts);
  }
}

std::size_t EvidenceExchange::post(std::size_t from, const AddressFact& fact) noexcept {
  std::size_t lost = 0;
  for (std::size_t to = 0; to < workers_; ++to) {
    if (to == from) continue;
    Ring& ring = ring_between(from, to);
    if (AddressFact* const room = ring.reserve()) {
      *room = fact;
      ring.commit();
    } else {
      ++lost;
    }
  }
  return lost;
}

}  // namespace sluice::engine
