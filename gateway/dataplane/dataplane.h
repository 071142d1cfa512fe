#pragma once

// Dataplane: where frames come from and where they go. The one interface between the engine and
// capture files, libpcap, NFQUEUE and XDP.
//
// One worker owns one dataplane: poll, inject and submit are called from one thread, in this order:
//   poll(batch) -> for each frame: [inject …, replace] -> submit(one verdict for each frame)
// stop() may be called from any thread or a signal handler; poll then returns `ended` soon.
// Steady state: no allocation.

#include <span>
#include <string>

#include "filters/base/bytes.h"
#include "gateway/dataplane/frame.h"
#include "gateway/dataplane/verdict.h"

namespace sluice::io {

// What a dataplane can do, so that the executor falls back knowingly. All can pass; one that cannot
// drop is an observer.
struct Capabilities {
  bool drop = false;
  bool inject = false;         // send frames of ours
  bool replace = false;        // send another frame in place of one that came in
  bool sides = false;          // a frame's side is where it came in
  bool flow_verdicts = false;  // pass_flow and drop_flow keep the flow's later frames away from us
};

enum class Poll : std::uint8_t {
  frames,  // batch.count > 0
  idle,    // none within the dataplane's poll time: a chance for timers
  ended,   // end of the capture, or stop()
  failed,  // see error(); the dataplane is of no more use
};

// Counts of the dataplane itself, since it started; read by the worker's thread.
struct DataplaneCounts {
  std::uint64_t received = 0;
  std::uint64_t lost_before_us =
      0;                          // by the kernel or the NIC: these were neither passed nor judged
  std::uint64_t send_failed = 0;  // verdict pass, but the other side did not take the frame
  std::uint64_t oversize = 0;     // larger than the other side's MTU: offloads merged it; not sent
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
  // REQUIRES: one verdict for each frame of the last batch.
  virtual void submit(std::span<const Verdict> verdicts) noexcept = 0;
  // Sends a frame of ours out on `side`, before the batch is submitted. False: it could not.
  virtual bool inject(Side side, Bytes frame) noexcept = 0;
  // Gives what goes on in place of frame `index` of the last batch; its verdict is then `replace`.
  // False: it cannot. REQUIRES: `frame` is no larger than that one.
  virtual bool replace(std::size_t index, Bytes frame) noexcept = 0;
  virtual void stop() noexcept = 0;
  [[nodiscard]] virtual DataplaneCounts counts() const noexcept = 0;
  // Why poll() said `failed`, or what was wrong with the input (empty: nothing).
  [[nodiscard]] virtual std::string error() const = 0;
};

}  // namespace sluice::io
