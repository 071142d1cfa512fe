#pragma once

// The executor: the only place where a judgement becomes a verdict, and a refusal becomes a reply.
//
// A reply to a client is at most craft::kMostGrowth bytes larger than what provoked it, one to the
// outside never. A dataplane that cannot inject, or an answer that cannot be replaced, turns a
// refusal into a drop; so does a tunnel, whose way back has other labels, endpoints and keys than
// the way that we see. Verdicts for flows are for packets that are frames of their own. One worker
// owns one executor. No allocation.

#include <array>
#include <tuple>

#include "filters/craft/tcp_reset.h"
#include "filters/packet/ip_header.h"
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

  // Fills in the flow's key and the generation where they mean something.
  void execute(const Judgement& judgement, const packet::Packet& packet, FramePlace place,
               io::Generation generation, io::FrameVerdict& result) noexcept;
  // The same for pass_flow().
  [[nodiscard]] io::Verdict pass_flow(const packet::Packet& packet, io::Generation generation,
                                      io::FrameVerdict& result) const noexcept {
    if (!is_known_to_dataplanes(packet)) return io::Verdict::pass;
    if (can_.flow_verdicts) name_flow(packet, generation, result);
    return io::Verdict::pass_flow;
  }
  // Once a batch, after its verdicts were submitted. Sends the resets to destinations: the segments
  // of the batch that passed must reach them first.
  void finish_batch() noexcept;

 private:
  // A dataplane knows a flow by its frames' own addresses, ports and at most two VLANs. It steps
  // over no other headers.
  [[nodiscard]] static bool is_known_to_dataplanes(const packet::Packet& packet) noexcept {
    constexpr std::size_t kEthernet = 14, kVlanTag = 4;
    const bool has_other_tags = packet.link == LinkType::ethernet &&
                                packet.network_offset != kEthernet + packet.vlan_tags * kVlanTag;
    const bool has_extensions =
        packet.is_v6 && packet.transport_offset != packet.network_offset + packet::kIpv6Header;
    return packet.is_frame_itself() && packet.has_transport && !has_other_tags && !has_extensions &&
           packet.vlan_tags <= std::tuple_size_v<io::FlowKey::Vlans>;
  }
  static void name_flow(const packet::Packet& packet, io::Generation generation,
                        io::FrameVerdict& result) noexcept;
  [[nodiscard]] io::Verdict act(const Judgement& judgement, const packet::Packet& packet,
                                FramePlace place) noexcept;
  [[nodiscard]] io::Verdict act(const Answer& answer, const packet::Packet& packet,
                                FramePlace place) noexcept;
  [[nodiscard]] io::Verdict act(const TcpAnswer& answer, const packet::Packet& packet,
                                FramePlace place) noexcept;
  [[nodiscard]] io::Verdict act(const Reset& reset, const packet::Packet& packet,
                                FramePlace place) noexcept;
  [[nodiscard]] io::Verdict act(const Rewrite& rewrite, const packet::Packet& packet,
                                FramePlace place) noexcept;
  [[nodiscard]] io::Verdict replace(FramePlace place, Bytes frame) noexcept;
  void send(io::Side side, Bytes frame) noexcept;
  void send_behind_batch(io::Side side, Bytes frame) noexcept;

  struct Reply {
    io::Side side = io::Side::inside;
    std::size_t size = 0;
    std::array<std::byte, craft::kMaxResetFrame> bytes;
  };

  io::Dataplane& dataplane_;
  telemetry::WorkerCounters& counters_;
  io::Capabilities can_;
  std::array<Reply, io::Batch::kCapacity> behind_batch_;
  std::size_t behind_batch_count_ = 0;
  std::array<std::byte, kLargestFrame> buffer_;
};

}  // namespace sluice::engine
