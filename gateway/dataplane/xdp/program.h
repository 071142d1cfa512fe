#pragma once

// The XDP program in the kernel (bpf/gateway.bpf.c) and its maps: loads it, attaches it to both
// ports, and is the one way to its maps.
//
// Pins: with a folder on a BPF file system, the links, the flows and the settings outlive the
// process. Decided flows then go on in the kernel, and `on_failure` says what becomes of the rest.
// The next process takes over: same flows, and one program replaces the other between two frames.
// Without a folder, all goes when the process goes. One process at a time for an interface.
//
// Threads: put_flow, remove_flow, publish, watch_address, keep_alive, traffic and lost_interface
// from any, watch from one at a time;
// the rest from the one that opened it. A call costs a system call, but for keep_alive, which is a
// store.

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/dataplane/frame.h"
#include "gateway/dataplane/verdict.h"
#include "gateway/dataplane/xdp/bpf/maps.h"
#include "gateway/dataplane/xdp_settings.h"

namespace sluice::io {

using InterfaceNames = std::array<std::string, 2>;  // by Side

class XdpProgram {
 public:
  // Error: lines for the operator. What was attached before stays then.
  [[nodiscard]] static Result<std::unique_ptr<XdpProgram>, std::string> open(
      const InterfaceNames& interfaces, const XdpSettings& settings);
  ~XdpProgram();

  // Puts the program on the interfaces, which may then have more receive queues than before. What
  // needs a judge is dropped until start(): nothing passes unjudged because a gateway starts.
  // REQUIRES: not called before.
  [[nodiscard]] Result<void, std::string> attach();
  // All sockets are there. If it is never called, what attach() did is undone, but what an earlier
  // process left stays as it was.
  void start() noexcept;
  // Takes the program off these interfaces and removes the pins, whoever made them. Returns what it
  // removed, a line each.
  [[nodiscard]] static Result<std::vector<std::string>, std::string> detach(
      const InterfaceNames& interfaces, const XdpSettings& settings);

  // Frames of this queue that need a judge go to this AF_XDP socket.
  [[nodiscard]] bool use_socket(Side side, std::uint32_t queue, int socket) noexcept;
  // The worker of this queue is at work, and will say so again before `lease` is over.
  void keep_alive(std::uint32_t queue, std::chrono::nanoseconds lease) noexcept;

  // False: the kernel refused it. Verdicts of generations that are over make no entry.
  bool put_flow(const FlowKey& key, Verdict verdict, Generation generation) noexcept;
  void remove_flow(const FlowKey& key) noexcept;
  void publish(Generation generation) noexcept;
  void watch(const Interest& interest);
  // For a day. Where there is no room for it, all datagrams come up.
  void watch_address(const IpAddress& address) noexcept;

  // The interface that lost the program: it was removed, or somebody took the program off. Empty:
  // none.
  [[nodiscard]] std::string lost_interface() const;
  // Of what was attached: native or generic, by side.
  [[nodiscard]] XdpMode mode(Side side) const noexcept;
  // A process before this one left its flows.
  [[nodiscard]] bool took_over() const noexcept;
  // What the program did with frames, since it was first attached, by bpf::sluice_outcome.
  using Traffic = std::array<bpf::sluice_traffic, bpf::SLUICE_OUTCOMES>;
  [[nodiscard]] Traffic traffic() const noexcept;
  // For tests, which run it over frames of their own (BPF_PROG_TEST_RUN).
  [[nodiscard]] int file_descriptor() const noexcept;

 private:
  struct State;
  explicit XdpProgram(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
