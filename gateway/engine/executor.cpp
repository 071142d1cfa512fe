#include "gateway/engine/executor.h"

#include "filters/craft/dns_reply.h"

namespace sluice::engine {
namespace {

constexpr io::Side other(io::Side side) {
  return side == io::Side::inside ? io::Side::outside : io::Side::inside;
}

}  // namespace

io::Verdict Executor::execute(const Judgement& judgement, const packet::Packet& packet,
                              io::Side side, const dns::Query& query,
                              std::string_view app) noexcept {
  // A dataplane knows flows by the frame's own addresses and ports.
  const bool is_frame_itself = packet.tunnels == 0 && !packet.reassembled;
  const bool whole_flow = judgement.scope == Scope::flow && is_frame_itself;
  switch (judgement.action) {
    case policy::Action::allow:
    case policy::Action::log:
      return whole_flow ? io::Verdict::pass_flow : io::Verdict::pass;
    case policy::Action::reject:
      if (can_.inject && packet.tunnels == 0) reply(judgement, packet, side, query, app);
      break;
    case policy::Action::drop:
      break;
  }
  return whole_flow ? io::Verdict::drop_flow : io::Verdict::drop;
}

void Executor::reply(const Judgement& judgement, const packet::Packet& packet, io::Side side,
                     const dns::Query& query, std::string_view app) noexcept {
  if (judgement.may_answer) send(side, craft::refuse_query(packet, query, app, buffer_));
  if (judgement.may_reset) send(side, craft::reset_to_sender(packet, buffer_));
  if (judgement.reset_server) {
    send(other(side), craft::reset_to_destination(packet, judgement.server_expects, buffer_));
  }
}

void Executor::send(io::Side side, Bytes frame) noexcept {
  const bool sent = !frame.empty() && dataplane_.inject(side, frame);
  (sent ? counters_.replies : counters_.replies_failed).add();
}

}  // namespace sluice::engine
