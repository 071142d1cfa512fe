#include "gateway/engine/executor.h"

#include "filters/craft/dns_reply.h"
#include "filters/craft/hide_ech.h"

namespace sluice::engine {
namespace {

constexpr io::Side other(io::Side side) {
  return side == io::Side::inside ? io::Side::outside : io::Side::inside;
}

}  // namespace

io::Verdict Executor::execute(const Judgement& judgement, const packet::Packet& packet,
                              FramePlace place, const inspect::Scratch& scratch,
                              std::string_view app) noexcept {
  // A dataplane knows flows by the frame's own addresses and ports.
  const bool is_frame_itself = packet.tunnels == 0 && !packet.reassembled;
  const bool whole_flow = judgement.scope == Scope::flow && is_frame_itself;
  switch (judgement.action) {
    case policy::Action::allow:
    case policy::Action::log:
      if (judgement.in_place == InPlace::answer) {
        return whole_flow ? io::Verdict::pass_flow : io::Verdict::pass;
      }
      if (replace(judgement, packet, place, scratch.response, app)) return io::Verdict::replace;
      break;
    case policy::Action::reject:
      if (judgement.in_place == InPlace::refusal) {
        if (replace(judgement, packet, place, scratch.response, app)) return io::Verdict::replace;
      } else if (can_.inject && packet.tunnels == 0) {
        reply(judgement, packet, place.side, scratch.query, app);
      }
      break;
    case policy::Action::drop:
      break;
  }
  return whole_flow ? io::Verdict::drop_flow : io::Verdict::drop;
}

bool Executor::replace(const Judgement& judgement, const packet::Packet& packet, FramePlace place,
                       const dns::Response& response, std::string_view app) noexcept {
  // What came in fragments is no frame that could be exchanged for another.
  if (!can_.replace || packet.tunnels != 0 || packet.reassembled) return false;
  const Bytes frame =
      judgement.in_place == InPlace::refusal
          ? craft::refuse_query(packet, craft::Direction::onward, response.query, app, buffer_)
          : craft::hide_ech(packet, judgement.message, response, buffer_);
  const bool replaced = !frame.empty() && dataplane_.replace(place.index, frame);
  (replaced ? counters_.replies : counters_.replies_failed).add();
  return replaced;
}

void Executor::reply(const Judgement& judgement, const packet::Packet& packet, io::Side side,
                     const dns::Query& query, std::string_view app) noexcept {
  if (judgement.may_answer) {
    send(side, craft::refuse_query(packet, craft::Direction::back, query, app, buffer_));
  }
  if (judgement.may_reset) send(side, craft::reset_to_sender(packet, buffer_));
  if (judgement.reset_destination) {
    send(other(side), craft::reset_to_destination(packet, judgement.destination_expects, buffer_));
  }
}

void Executor::send(io::Side side, Bytes frame) noexcept {
  const bool sent = !frame.empty() && dataplane_.inject(side, frame);
  (sent ? counters_.replies : counters_.replies_failed).add();
}

}  // namespace sluice::engine
