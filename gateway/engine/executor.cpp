#include "gateway/engine/executor.h"

#include "filters/craft/dns_reply.h"

namespace sluice::engine {

void Executor::name_flow(const packet::Packet& packet, io::Generation generation,
                         io::FrameVerdict& result) noexcept {
  result.flow = io::FlowKey::between({packet.source, packet.source_port},
                                     {packet.destination, packet.destination_port}, packet.protocol,
                                     {packet.vlan[0], packet.vlan[1]});
  result.generation = generation;
}

void Executor::execute(const Judgement& judgement, const packet::Packet& packet, FramePlace place,
                       io::Generation generation, io::FrameVerdict& result) noexcept {
  result.verdict = act(judgement, packet, place);
  // Whatever the packet came in: the rest of its connection may come as plain frames. Before it is
  // sent, so that the next ones cannot meet the entry of the connection before it.
  if (judgement.is_new_connection && can_.flow_verdicts) {
    name_flow(packet, generation, result);
    dataplane_.revoke(result.flow);
  }
  if (judgement.scope == Scope::packet || !is_known_to_dataplanes(packet)) return;
  if (can_.flow_verdicts) name_flow(packet, generation, result);
  if (result.verdict == io::Verdict::pass) result.verdict = io::Verdict::pass_flow;
  if (result.verdict == io::Verdict::drop) result.verdict = io::Verdict::drop_flow;
}

void Executor::finish_batch() noexcept {
  for (std::size_t i = 0; i < behind_batch_count_; ++i) {
    const Reply& reply = behind_batch_[i];
    send(reply.side, Bytes(reply.bytes).first(reply.size));
  }
  behind_batch_count_ = 0;
}

io::Verdict Executor::act(const Judgement& judgement, const packet::Packet& packet,
                          FramePlace place) noexcept {
  if (std::holds_alternative<Pass>(judgement.act)) return io::Verdict::pass;
  if (const auto* const answer = std::get_if<Answer>(&judgement.act)) {
    return act(*answer, packet, place);
  }
  if (const auto* const answer = std::get_if<AnswerOverTcp>(&judgement.act)) {
    return act(*answer->answer, packet, place);
  }
  if (const auto* const reset = std::get_if<Reset>(&judgement.act)) {
    return act(*reset, packet, place);
  }
  if (const auto* const rewrite = std::get_if<Rewrite>(&judgement.act)) {
    return act(*rewrite, packet, place);
  }
  return io::Verdict::drop;
}

io::Verdict Executor::act(const Answer& answer, const packet::Packet& packet,
                          FramePlace place) noexcept {
  const auto refusal = [&](craft::Room room) {
    return craft::refuse_query(packet, answer.direction, *answer.query, *answer.refusal, room,
                               buffer_);
  };
  if (answer.direction == craft::Direction::onward) {
    if (!can_.replace || !packet.is_frame_itself()) return io::Verdict::drop;
    const Bytes frame = refusal(craft::Room::as_much_as_fits);
    if (frame.size() <= packet.frame.size()) return replace(place, frame);
    if (!can_.inject) return replace(place, refusal(craft::Room::as_asked));
    send(io::other_side(place.side), frame);
    return io::Verdict::drop;
  }
  // A stranger outside may ask under another's address.
  const bool may_be_larger = !can_.sides || place.side == io::Side::inside;
  if (can_.inject && packet.can_be_answered()) {
    send(place.side, refusal(may_be_larger ? craft::Room::as_much_as_fits : craft::Room::as_asked));
  }
  return io::Verdict::drop;
}

io::Verdict Executor::act(const TcpAnswer& answer, const packet::Packet& packet,
                          FramePlace place) noexcept {
  if (!can_.inject || !packet.can_be_answered()) return io::Verdict::drop;
  const bool is_back = answer.direction == craft::Direction::back;
  const io::Side client_side = is_back ? place.side : io::other_side(place.side);
  send(client_side, craft::refuse_over_tcp(packet, answer.direction, answer.place, answer.message,
                                           *answer.query, *answer.refusal, buffer_));
  if (is_back) {
    send_behind_batch(io::other_side(client_side),
                      craft::reset_to_destination(packet, answer.server_expects, buffer_));
  } else {
    send(place.side, craft::reset_to_sender(packet, buffer_));
  }
  return io::Verdict::drop;
}

io::Verdict Executor::act(const Reset& reset, const packet::Packet& packet,
                          FramePlace place) noexcept {
  if (!can_.inject || !packet.can_be_answered()) return io::Verdict::drop;
  send(place.side, craft::reset_to_sender(packet, buffer_));
  if (reset.destination_expects) {
    send_behind_batch(io::other_side(place.side),
                      craft::reset_to_destination(packet, *reset.destination_expects, buffer_));
  }
  return io::Verdict::drop;
}

io::Verdict Executor::act(const Rewrite& rewrite, const packet::Packet& packet,
                          FramePlace place) noexcept {
  return replace(place, craft::rewrite(packet, rewrite.payload, buffer_, rewrite.urgent));
}

io::Verdict Executor::replace(FramePlace place, Bytes frame) noexcept {
  const bool replaced = !frame.empty() && dataplane_.replace(place.index, frame);
  (replaced ? counters_.replies : counters_.replies_failed).add();
  return replaced ? io::Verdict::replace : io::Verdict::drop;
}

void Executor::send(io::Side side, Bytes frame) noexcept {
  const bool sent = !frame.empty() && dataplane_.inject(side, frame);
  (sent ? counters_.replies : counters_.replies_failed).add();
}

// One frame of the batch makes one of these at most.
void Executor::send_behind_batch(io::Side side, Bytes frame) noexcept {
  if (frame.empty() || behind_batch_count_ == behind_batch_.size()) {
    return counters_.replies_failed.add();
  }
  Reply& reply = behind_batch_[behind_batch_count_];
  reply.side = side;
  reply.size = frame.size();
  copy_bytes(frame, reply.bytes);
  ++behind_batch_count_;
}

}  // namespace sluice::engine
