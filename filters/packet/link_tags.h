#pragma once

// What may stand between an Ethernet header and the packet, and is stepped over:
//
//   VLAN tag   | tag 2 | type 2 |                 802.1Q 0x8100, 802.1ad 0x88a8, older 0x9100 …
//   VN-tag     | tag 4 | type 2 |                 Cisco 0x8926
//   E-tag      | tag 6 | type 2 |                 802.1BR 0x893f
//   R-tag      | 0 2 | sequence 2 | type 2 |      802.1CB 0xf1c1; HSR 0x892f
//   CMD        | version, length 2 | option 2 | SGT 2 | type 2 |          Cisco metadata, 0x8909
//   MACsec     | flags 1 | length 1 | number 4 | channel 8? | type 2 |    802.1AE 0x88e5, in clear
//   NSH        | length 4 | … | IP or Ethernet |  RFC 8300, 0x894f
//   I-tag      | service 4 | Ethernet |           802.1ah 0x88e7
//   LLC        | aa aa 03 | organisation 3 | type 2 |                     802.2 with SNAP
//              | 06 06 03 | IPv4 |                                        802.2 without
//
// A type below 0x600 is a length, and LLC follows. Any number of these may follow each other, in
// any order: Linux strips any number of VLAN tags with identifier 0, and access points turn LLC
// into Ethernet types and back. Pure; consumes from the reader.

#include <cstdint>

#include "filters/base/byte_reader.h"
#include "filters/packet/packet.h"

namespace sluice::packet {

enum EtherType : std::uint16_t {
  kFirstEtherType = 0x0600,  // below it, a length (IEEE 802.3)
  kIpv4 = 0x0800,
  kIpv6 = 0x86dd,
  kMpls = 0x8847,
  kMplsMulticast = 0x8848,
  kPppoeSession = 0x8864,
};
inline constexpr std::size_t kEthernetAddresses = 12;

// Steps over all of them and returns the type of what follows. Fills in the VLANs of `packet`.
// Errors: not_ip; unread, if what follows is encrypted.
[[nodiscard]] Result<std::uint16_t, DecodeError> step_over_tags(ByteReader& reader,
                                                                std::uint16_t type,
                                                                Packet& packet) noexcept;

}  // namespace sluice::packet
