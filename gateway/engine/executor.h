#pragma once

// The executor: the only place where an action becomes a verdict, and a refusal becomes a reply.
//
// Replies are bounded in size by what provoked them, and go out only where the judge says that the
// handshake, or a question, was seen. A dataplane that cannot inject turns `reject` into `drop`; so
// does a tunnel: its way back has other labels, endpoints and keys than the way that we see. Where
// a frame cannot be replaced, the DNS answer in it is dropped, and the judge says what becomes of
// its connection. Verdicts for flows are for packets that are frames of their own. One worker owns
// one executor. No allocation.

#include <array>

#include "filters/craft/tcp_reset.h"
#include "filters/dns/query.h"
#include "filters/packet/packet.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/engine/judgement.h"
#include "gateway/telemetry/counters.h"

namespace sluice::engine {

// An IP packet of the largest size and its link header.
inline constexpr std::size_t kLargestFrame = 65535 + 64;

// Which frame of the batch a packet is.
struct FramePlace {
  io::Side side = io::Side::inside;
  std::size_t index = 0;
};

class Executor {
 public:
  Executor(io::Dataplane& dataplane, telemetry::WorkerCounters& counters) noexcept
      : dataplane_(dataplane), counters_(counters), can_(dataplane.capabilities()) {}

  // `scratch` is the judge's, of this judgement. `app` is for the text of a refusal.
  [[nodiscard]] io::Verdict execute(const Judgement& judgement, const packet::Packet& packet,
                                    FramePlace place, const inspect::Scratch& scratch,
                                    std::string_view app) noexcept;

 private:
  bool replace(const Judgement& judgement, const packet::Packet& packet, FramePlace place,
               const dns::Response& response, std::string_view app) noexcept;
  void reply(const Judgement& judgement, const packet::Packet& packet, io::Side side,
             const dns::Query& query, std::string_view app) noexcept;
  void send(io::Side side, Bytes frame) noexcept;

  io::Dataplane& dataplane_;
  telemetry::WorkerCounters& counters_;
  io::Capabilities can_;
  std::array<std::byte, kLargestFrame> buffer_;
};

}  // namespace sluice::engine
