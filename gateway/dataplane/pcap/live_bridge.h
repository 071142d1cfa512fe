#pragma once

// A bump in the wire between two interfaces, with libpcap. A frame that passes is sent out on the
// other side, unchanged, with its VLAN tags.
//
//   inside ──capture (in only)──► judge ──► send ── outside      and back
//
// open() refuses interfaces that cannot be bridged (interfaces/interface_checks.h), with the
// command that mends them. It sets both interfaces promiscuous. Frames that we send are not
// captured again (direction in), so there are no loops. The kernel's own stack still sees the
// frames that come in: give the interfaces no address, and switch forwarding off. Needs
// CAP_NET_RAW, and CAP_NET_ADMIN for promiscuous mode.
//
// The checksum state of every frame is `unknown`: a packet socket has it (TP_STATUS_CSUMNOTREADY
// and TP_STATUS_CSUM_VALID of the ring's header), but libpcap does not show that header. So frames
// of a sender on this machine, a veth peer for one, have wrong checksums unless its checksum
// offload is off (ethtool -K IF tx off) or the gateway does not verify them.
//
// One worker, as two would each capture every frame. stop() from any thread.

#include <memory>
#include <string>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"

namespace sluice::io {

struct LiveBridgeOptions {
  std::string inside;  // interface names
  std::string outside;
  int buffer_bytes = 16 * 1024 * 1024;  // kernel buffer of each side
};

class LiveBridge final : public Dataplane {
 public:
  // Error: lines for the operator, each with what is wrong and the command that mends it.
  [[nodiscard]] static Result<std::unique_ptr<LiveBridge>, std::string> open(
      const LiveBridgeOptions& options);
  ~LiveBridge() override;

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] Poll poll(Batch& batch) noexcept override;
  void submit(std::span<const FrameVerdict> verdicts) noexcept override;
  bool inject(Side side, Bytes frame) noexcept override;
  bool replace(std::size_t index, Bytes frame) noexcept override;
  void stop() noexcept override;
  [[nodiscard]] DataplaneCounts counts() const noexcept override;
  [[nodiscard]] std::string error() const override;

 private:
  struct State;
  explicit LiveBridge(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
