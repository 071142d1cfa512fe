#include "gateway/engine/context.h"

namespace sluice::engine {

MutableBytes Context::copy_payload() const noexcept {
  const MutableBytes copy = MutableBytes(bench.payload).first(packet.payload.size());
  copy_bytes(packet.payload, copy);
  return copy;
}

Judgement drop_packet(const Context& context, Reason reason) noexcept {
  return context.mode.enforce ? Judgement{.act = Drop{}, .reason = reason} : pass(reason);
}

policy::Fallback fallback_for(const policy::Fallbacks& fallbacks, Reason reason) noexcept {
  switch (reason) {
    case Reason::malformed:
      return fallbacks.malformed;
    case Reason::fragment_unheld:
      return fallbacks.fragments;
    case Reason::quic_unknown:
      return fallbacks.quic_unknown;
    default:
      return fallbacks.unjudged;
  }
}

Judgement cannot_judge(const Context& context, Reason reason) noexcept {
  return fallback_for(context.snapshot.fallbacks, reason) == policy::Fallback::drop
             ? drop_packet(context, reason)
             : pass(reason);
}

}  // namespace sluice::engine
