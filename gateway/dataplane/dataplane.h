#pragma once

// Dataplane: where frames come from and where they go. The one interface between the engine and
// capture files, libpcap, NFQUEUE and XDP.
//
// One worker owns one dataplane and calls it from its own thread, in this order:
//   [publish, revoke …] -> poll(batch) -> for each frame: [revoke, inject …, replace] -> submit
//     -> [inject …]
// stop() may be called from any thread or a signal handler; poll then returns `ended` soon. watch()
// may be called from any thread.
// Steady state: no allocation.
//
// Verdicts for flows
//
// pass_flow and drop_flow apply to one frame, as pass and drop do. A dataplane with flow_verdicts
// also makes an entry: flow key -> verdict and generation. It handles later frames with that key
// itself, and the worker does not see them. A new verdict for the same key replaces the entry.
// These frames still come up to the worker, in both directions:
//
//   entry      comes up                                   the dataplane handles
//   pass_flow  TCP with SYN: may open a connection        all others: they pass
//              UDP that may hold another hello:
//              a QUIC long header (first bit set),
//              a DTLS record (first byte 20 to 26), but
//              not a datagram that is one whole record
//              of another type than handshake (22)
//   drop_flow  TCP with SYN                               TCP with RST and no payload: passes, so
//                                                         that both ends settle
//                                                         all others: they are dropped
//
// A frame also comes up if the dataplane cannot read its key: IP fragments, extension headers,
// tunnels, over two VLAN tags, any other tag or one of VLAN 0, 802.2. And it comes up if its flow
// has no entry in force:
//   - publish(generation) was called with a later generation than the entry's;
//   - revoke(key) was called;
//   - the dataplane evicted the entry. Entries are bounded, and losing one is never an error.
// So the worker must be ready to see any frame of any flow, and to decide it again. While a client
// is owed a reset, the engine answers `drop` frame by frame, and drop_flow when it has sent them.
// Whatever a dataplane handles itself, the outcome on the wire is the same as without entries.
//
// Frames of no interest
//
// A dataplane may also pass frames by itself that no policy could judge: of protocols other than
// IP, of IP protocols that show no names (ICMP …), and UDP without an entry that can be neither
// QUIC nor DTLS, is on no port of an Interest, and goes to no address of one.

#include <span>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "gateway/dataplane/frame.h"
#include "gateway/dataplane/verdict.h"

namespace sluice::io {

// What a dataplane can do, so that the executor falls back knowingly. Every dataplane can pass.
struct Capabilities {
  bool drop = false;           // false: an observer, every frame passes
  bool inject = false;         // send frames of ours
  bool replace = false;        // send another frame in place of one that came in
  bool sides = false;          // a frame's side is where it came in
  bool flow_verdicts = false;  // keeps entries; false: pass_flow is pass, and drop_flow is drop
};

enum class Poll : std::uint8_t {
  frames,  // batch.count > 0
  idle,    // none within the dataplane's poll time: a chance for timers
  ended,   // end of the capture, or stop()
  failed,  // see error(); the dataplane is of no more use
};

// Datagrams that must come up, though they look like no protocol that shows names.
struct Interest {
  std::vector<Port> ports;         // from or to these: DNS, tunnels
  std::vector<IpPrefix> prefixes;  // to addresses in these
  bool all = false;                // whatever they are
};

// Counts of the dataplane itself, since it started; read by the worker's thread.
struct DataplaneCounts {
  std::uint64_t received = 0;        // frames that came up to the worker
  std::uint64_t lost_before_us = 0;  // by the kernel or the NIC: neither passed nor judged
  std::uint64_t send_failed = 0;     // verdict pass, but the other side did not take the frame
  std::uint64_t oversize = 0;        // not sent: over the other side's MTU, an offload merged it
  std::uint64_t entry_failed = 0;    // an entry could not be made: the flow comes up again
  // Frames that the dataplane handled itself. Of several dataplanes one counts for all.
  std::uint64_t passed_itself = 0, dropped_itself = 0;
  std::uint64_t native_ports = 0;  // of the two, those whose driver runs its program
  // Frames that needed a worker while none was at work: they passed, or were dropped.
  std::uint64_t failed_open = 0, failed_closed = 0;
};

class Dataplane {
 public:
  Dataplane() = default;
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;
  virtual ~Dataplane() = default;

  [[nodiscard]] virtual Capabilities capabilities() const noexcept = 0;
  // Waits for frames for a short while (tens of milliseconds at most).
  [[nodiscard]] virtual Poll poll(Batch& batch) noexcept = 0;
  // REQUIRES: one verdict for each frame of the last batch, in its order.
  virtual void submit(std::span<const FrameVerdict> verdicts) noexcept = 0;
  // Ends entries of generations before this one; new verdicts of such generations make none.
  // Between batches. Does nothing without flow_verdicts.
  virtual void publish(Generation /*generation*/) noexcept {}
  // What must come up from now on. Any thread. Does nothing where every frame comes up.
  virtual void watch(const Interest& /*interest*/) {}
  // Datagrams to this address must come up for a day. Between batches, or before submit.
  virtual void watch_address(const IpAddress& /*address*/) noexcept {}
  // Ends the entry of this flow, if there is one. Between batches, or once for a frame of the batch
  // in hand: it then wins over all verdicts of that batch for the flow, and takes effect before
  // submit sends a frame. So a SYN that opens a new connection cannot overtake the end of the old
  // one's entry. Does nothing without flow_verdicts.
  virtual void revoke(const FlowKey& /*flow*/) noexcept {}
  // Sends a frame of ours out on `side`: ahead of what the batch in hand sends there, or behind it
  // if the batch was submitted. False: it could not.
  virtual bool inject(Side side, Bytes frame) noexcept = 0;
  // Gives the frame to send in place of frame `index` of the last batch, whose verdict is then
  // `replace`. Copies it. False: the dataplane cannot, or `frame` is larger than the one it
  // replaces.
  virtual bool replace(std::size_t index, Bytes frame) noexcept = 0;
  virtual void stop() noexcept = 0;
  [[nodiscard]] virtual DataplaneCounts counts() const noexcept = 0;
  // What an operator should know of how it was opened, a line each. Allocates.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }
  // Why poll() said `failed`, or what was wrong with the input (empty: nothing).
  [[nodiscard]] virtual std::string error() const = 0;
};

}  // namespace sluice::io
