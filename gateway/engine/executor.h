#pragma once

// The executor: the only place where an action becomes a verdict, and a refusal becomes a reply.
//
// Replies are bounded in size by what provoked them, and go out only where the judge says that the
// handshake, or a question, was seen. A dataplane that cannot inject turns `reject` into `drop`; so
// does a tunnel: its way back has other labels, endpoints and keys than the way that we see.
// Verdicts for flows are for packets that are frames of their own. One worker owns one executor. No
// allocation.

#include <array>

#include "filters/craft/tcp_reset.h"
#include "filters/dns/query.h"
#include "filters/packet/packet.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/engine/judgement.h"
#include "gateway/telemetry/counters.h"

namespace sluice::engine {

class Executor {
 public:
  Executor(io::Dataplane& dataplane, telemetry::WorkerCounters& counters) noexcept
      : dataplane_(dataplane), counters_(counters), can_(dataplane.capabilities()) {}

  // `query` belongs to a judgement with may_answer. `app` is for the text of the answer.
  [[nodiscard]] io::Verdict execute(const Judgement& judgement, const packet::Packet& packet,
                                    io::Side side, const dns::Query& query,
                                    std::string_view app) noexcept;

 private:
  void reply(const Judgement& judgement, const packet::Packet& packet, io::Side side,
             const dns::Query& query, std::string_view app) noexcept;
  void send(io::Side side, Bytes frame) noexcept;

  io::Dataplane& dataplane_;
  telemetry::WorkerCounters& counters_;
  io::Capabilities can_;
  std::array<std::byte, 2048> buffer_;
};

}  // namespace sluice::engine
