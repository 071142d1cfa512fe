#pragma once

// A gateway, or a router, at work between two network devices of this host, whose other ends are
// ours: what a client or a server sends is written to one device, and what comes out is read from
// the other. The devices exist, are up, and nobody else sends on them
// (tests/netns/scorecard_test.py).
//
//   frame, then a marker ─► [inside │ gateway │ outside] ─► what comes out before the marker
//
// The marker is a SYN, which every dataplane hands to its worker. REQUIRES: the gateway has one
// worker, so that packets leave it in the order in which they came.

#include <cstdint>
#include <stdexcept>
#include <string>

#include "gateway/os/descriptor.h"
#include "tests/evasion/frame.h"
#include "tests/evasion/middlebox.h"

namespace sluice::evasion {

// The wire cannot carry this frame: it carries IP packets without Ethernet, or the frame is too
// long.
struct NotCarried {};

class Wire final : public Middlebox {
 public:
  enum class Carries : std::uint8_t { packets, frames };  // TUN, TAP
  struct Devices {
    std::string inside, outside;
    Carries carries = Carries::packets;
    std::uint32_t number = 0;  // of Pair::wire
  };

  // Throws std::system_error: a device cannot be opened.
  explicit Wire(const Devices& devices);

  // Throws NotCarried, or std::runtime_error: the marker did not come out in five seconds.
  std::vector<ByteVector> forward(const ByteVector& frame, io::Side side) override;
  // Ends that nothing was sent from.
  [[nodiscard]] Pair new_pair() { return {++pairs_, number_}; }

 private:
  [[nodiscard]] std::size_t header() const { return carries_ == Carries::packets ? kEthernet : 0; }
  void send(const os::Descriptor& device, const ByteVector& frame) const;
  // Empty: nothing came in time.
  [[nodiscard]] Bytes read(const os::Descriptor& device, int milliseconds);
  [[nodiscard]] ByteVector next_marker(io::Side side);

  static constexpr std::size_t kEthernet = 14;

  Carries carries_;
  std::uint32_t number_;
  os::Descriptor inside_, outside_;
  std::uint32_t pairs_ = 0, markers_ = 0;
  ByteVector buffer_;
};

// What the runs of a scorecard go through: the gateway; and if that is a router, another one
// without a gateway, to tell what a router alone does to them.
struct Wires {
  Wire* guarded = nullptr;
  Wire* plain = nullptr;
};

}  // namespace sluice::evasion
