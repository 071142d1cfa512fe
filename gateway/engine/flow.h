#pragma once

// What is remembered of one TCP flow.
//
//   judging ──banned name──► blocked (rejected, where resets tell the ends)
//      │ all that it reveals is judged
//      ▼
//   finished ──the server acknowledged what was judged──► passed
//
// DNS and HTTP stay in `judging`: another message may come. So does TLS until its server has said
// ServerHello: after a HelloRetryRequest another hello comes. A connection whose server is not
// heard (asymmetric routes) stays in `finished`: of each packet it is seen whether it lies behind
// what was judged.

#include <cstdint>
#include <optional>

#include "filters/flow/framing_log.h"
#include "filters/flow/server_stream.h"
#include "filters/flow/stream_buffer.h"
#include "filters/flow/tcp_flow.h"
#include "filters/inspect/stream_state.h"
#include "gateway/dataplane/frame.h"
#include "gateway/engine/answer_progress.h"
#include "gateway/engine/reason.h"
#include "gateway/engine/server_hello_watch.h"

namespace sluice::engine {

// A connection whose start was not seen is never `passed`: where its client stands, nobody can
// tell. Instead it is `midstream`: each packet that may be a start is judged.
enum class FlowPhase : std::uint8_t { judging, finished, passed, blocked, rejected, midstream };

// In the last message that had findings.
enum class ShownNames : std::uint8_t { none, innocent, banned };

// How far a client's stream is judged; offsets count from the stream's base.
//
//   base    last head    seen             judged
//    | … … … | Host: a   |  body …  … … … … |  the next message
//                        `-- names nothing: it need not be kept, but for framing in it, which is
//                            in the flow's FramingLog
struct Progress {
  std::uint64_t judged = 0;  // whole messages up to here are clean
  std::uint64_t seen = 0;    // what was looked at to tell so, and is in the stream
  std::uint64_t needed = 1;  // the view must be this long before another look can tell more
  bool finished = false;     // nothing behind `judged` will name anything
  Reason finish = Reason::allowed;
  inspect::StreamState state;  // at `judged`
};

// What every packet of a decided flow looks at lies in the first cache line.
struct alignas(64) Flow {
  FlowPhase phase = FlowPhase::judging;
  Reason finish = Reason::allowed;
  ShownNames shown = ShownNames::none;
  std::uint8_t client_told = 0;    // rejected: how often the client was sent a reset …
  std::uint8_t server_told = 0;    // … and the server
  bool was_sent_answer = false;    // rejected: the client was sent one of ours, and has to read it
  bool client_is_low = false;      // which end of the key
  bool is_answered = false;        // both ends were seen to speak, or routes are asymmetric
  bool was_forgotten = false;      // what came before, on these ports, may be half of something
  bool client_elsewhere = false;   // midstream: the server is known, and only it came by so far
  std::optional<io::Side> side;    // where the client's first packet came in
  std::uint32_t server_bytes = 0;  // of payload, while the client's stream is searched
  std::uint64_t generation = 0;    // of the snapshot that last judged it
  std::uint64_t judged_end = 0;    // finished: offset up to which the server must acknowledge
  std::uint64_t sent = 0;          // offset of the first byte that the server was not sent in order
  flow::TcpFlow tcp;
  flow::StreamBuffer stream;
  flow::FramingLog framing;
  Progress progress;
  ServerHelloWatch server_hello;
  flow::ServerStream answers;  // read once the client speaks DNS
  AnswerProgress ahead;        // in the message behind answers.judged()

  [[nodiscard]] bool is_refused() const noexcept {
    return phase == FlowPhase::blocked || phase == FlowPhase::rejected;
  }
};

}  // namespace sluice::engine
