#pragma once

// What was read of one interface. A value: tests make up interfaces.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::io {

struct Offload {
  bool on = false;
  bool fixed = false;  // the driver does not let it be changed
};

struct Offloads {
  Offload gro, lro, gro_hw, rx_vlan, tx_checksum, tso, gso;
};

// What the driver says of itself (kernel 6.3 and later).
struct XdpFeatures {
  bool native = false;  // runs programs in the driver
  bool redirect = false;
  bool target = false;  // takes frames that are redirected to it; may need a program first
  bool zero_copy = false;
  bool multi_buffer = false;  // programs see frames in several buffers
};

struct AttachedProgram {
  std::uint32_t id = 0;
  std::string name;  // empty: it may not be read
  std::string mode;  // `native`, `generic`, `offloaded`
};

struct Queues {
  std::size_t now = 0;
  std::size_t most = 0;
  bool combined = false;  // each receives and sends; else `now` are those that receive
};

struct InterfaceFacts {
  // The other end of a veth.
  struct OtherEnd {
    std::string name;  // empty: it is in another namespace
    std::optional<Offloads> offloads;
  };

  std::string name;
  bool exists = false;  // false: nothing else is known
  bool is_up = false;
  bool has_carrier = false;
  bool is_ethernet = false;
  bool is_promiscuous = false;
  std::size_t mtu = 0;  // bytes
  std::string master;   // a bridge or bond
  bool is_bridge_port = false;
  std::string driver;  // `virtio_net`; empty: it does not say
  std::optional<Offloads> offloads;
  std::optional<XdpFeatures> xdp;
  std::optional<Queues> queues;
  std::optional<bool> hashes_ports;  // receive hash of TCP: addresses and ports. None: not offered
  std::vector<AttachedProgram> programs;
  std::optional<OtherEnd> other_end;
  std::vector<std::string> addresses;   // without link-local ones
  std::vector<std::string> link_local;  // of IPv6
  bool forwards_ipv4 = false;
  bool forwards_ipv6 = false;
};

}  // namespace sluice::io
