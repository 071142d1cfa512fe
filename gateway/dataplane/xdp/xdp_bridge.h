#pragma once

// A bump in the wire between two interfaces, in the kernel: the XDP program (bpf/gateway.bpf.c)
// passes and drops what is decided, or nobody's business; the rest comes up here through AF_XDP
// sockets. README.md has the picture and the fail modes.
//
// Each worker has one, with sockets of its own: queue q of both interfaces belongs to worker
// q % workers, and what another worker has to judge goes to it (handover.h). All share the program.
// Frames are not copied here, but where the driver cannot do zero-copy, the kernel copies them. A
// frame has at most XdpSockets::kFrame bytes less 256: jumbo frames of several buffers are refused
// by the driver at start.
//
// Checksum state is `unknown`: XDP does not say. A sender on this machine must finish its checksums
// itself (ethtool -K IF tx off).
//
// While it polls, it tells the program that its worker is at work; a worker that has not polled for
// kLease is taken to be dead, and `on_failure` decides. stop() from any thread.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/dataplane/xdp/program.h"

namespace sluice::io {

class XdpBridge final : public Dataplane {
 public:
  static constexpr std::chrono::seconds kLease{1};
  // While it starts, frames wait for the first poll.
  static constexpr std::chrono::seconds kFirstLease{30};

  // One for each worker. The program is attached when all sockets are there. Error: lines for the
  // operator, each with what is wrong and the command that mends it.
  [[nodiscard]] static Result<std::vector<std::unique_ptr<Dataplane>>, std::string> open(
      const InterfaceNames& interfaces, const XdpSettings& settings, const Interest& interest,
      std::size_t workers);
  ~XdpBridge() override;

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] Poll poll(Batch& batch) noexcept override;
  void submit(std::span<const FrameVerdict> verdicts) noexcept override;
  void publish(Generation generation) noexcept override;
  void watch(const Interest& interest) override;
  void watch_address(const IpAddress& address) noexcept override;
  void revoke(const FlowKey& flow) noexcept override;
  bool inject(Side side, Bytes frame) noexcept override;
  bool replace(std::size_t index, Bytes frame) noexcept override;
  void stop() noexcept override;
  [[nodiscard]] DataplaneCounts counts() const noexcept override;
  [[nodiscard]] std::vector<std::string> notes() const override;
  [[nodiscard]] std::string error() const override;

 private:
  struct State;
  explicit XdpBridge(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
