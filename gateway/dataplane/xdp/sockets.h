#pragma once

// AF_XDP sockets of one worker over one memory: frames of both ports lie in the same UMEM, so a
// frame that passes is not copied here, only its place goes from one ring to another.
//
//   NIC ─► rx ring ─► FrameRef ─► send() ─► tx ring ─► NIC ─► completion ring ─┐
//            ▲                └─► release() ─────────────────────────────────┐ │
//            └── fill ring ◄──────────────── free places ◄───────────────────┴─┘
//
// Owned by one thread. Allocates at open only. A system call each: kick(), wait(), lost().

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "gateway/dataplane/frame.h"

namespace sluice::io {

struct XdpQueue {
  Side side = Side::inside;
  std::string interface;
  std::uint32_t queue = 0;
  bool may_send = true;
};

// A frame in the UMEM, until it is sent or released.
struct FrameRef {
  std::uint64_t place = 0;  // offset in the UMEM
  std::uint32_t length = 0;
  std::uint32_t socket = 0;  // index of the socket that it came in by
};

class XdpSockets {
 public:
  static constexpr std::size_t kFrame = 4096;   // bytes of a place
  static constexpr std::uint32_t kRing = 2048;  // places of each ring

  struct Options {
    std::vector<XdpQueue> queues;
    bool copy = false;       // never zero-copy
    bool busy_poll = false;  // the kernel polls the NIC while we wait
  };
  // Error: names the interface and the reason. REQUIRES: a queue of each side.
  [[nodiscard]] static Result<std::unique_ptr<XdpSockets>, std::string> open(
      const Options& options);
  ~XdpSockets();

  [[nodiscard]] std::size_t count() const noexcept;
  [[nodiscard]] int descriptor(std::size_t socket) const noexcept;
  [[nodiscard]] const XdpQueue& queue(std::size_t socket) const noexcept;
  // It hands frames over without a copy by the kernel.
  [[nodiscard]] bool is_zero_copy(std::size_t socket) const noexcept;
  // Whether frames go out: each socket that may send sends one that nobody forwards, and waits
  // until the kernel has sent it. Drivers exist that take zero-copy and then send nothing. A socket
  // whose interface gets no link in this time is left out. Error: names the interface and queue.
  // REQUIRES: nothing was received yet.
  [[nodiscard]] Result<void, std::string> try_to_send(std::chrono::milliseconds patience);

  // Takes back what was sent, gives the kernel places for more, and fills `frames` with what came
  // in, sockets in turn. Returns how many.
  [[nodiscard]] std::size_t receive(std::span<FrameRef> frames) noexcept;
  [[nodiscard]] MutableBytes bytes(const FrameRef& frame) const noexcept;

  // Queues a frame for sending on `side`, by a queue that suits the one it came from. False: the
  // ring is full, and the frame is released.
  bool send(Side side, const FrameRef& frame) noexcept;
  void release(const FrameRef& frame) noexcept;
  // A copy of `bytes`, to be sent. False: there is no place, or it is larger than one.
  [[nodiscard]] bool take(Bytes bytes, FrameRef& frame) noexcept;
  // Tells the kernel of what was queued.
  void kick() noexcept;
  // Waits until a frame came in, `event` can be read, or the time is over.
  void wait(int event, int milliseconds) noexcept;

  struct Lost {
    std::uint64_t ring_full = 0;  // the worker was too slow
    std::uint64_t no_place = 0;   // the fill ring was empty
    std::uint64_t invalid = 0;    // not sent: the kernel refused it
  };
  [[nodiscard]] Lost lost() const noexcept;

 private:
  struct State;
  explicit XdpSockets(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
