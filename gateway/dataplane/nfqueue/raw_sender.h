#pragma once

// Sends IP packets of our own (raw(7)), routed as this host's are. One thread; never waits.
//
// What goes to the inside bears a mark, by which our rules keep it from connection tracking: there
// addresses are the hosts' own, and a packet that the server never sent must not look like a
// connection. What goes to the outside is tracked, so that it is translated as its connection is.
// CAP_NET_RAW and CAP_NET_ADMIN when it is opened.

#include <array>
#include <cstdint>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "gateway/dataplane/frame.h"
#include "gateway/os/descriptor.h"

namespace sluice::io {

class RawSender {
 public:
  // `inside_mark`: of packets to the inside. Error: a line for the operator.
  [[nodiscard]] static Result<RawSender, std::string> open(std::uint32_t inside_mark);

  // An IP packet with all its headers. False: it could not be sent.
  bool send(Side side, Bytes packet) noexcept;

 private:
  RawSender() = default;

  std::array<os::Descriptor, 2> v4_, v6_;  // by side; v6 not open: this host has no IPv6
};

}  // namespace sluice::io
