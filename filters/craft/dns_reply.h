#pragma once

// The answer to a refused DNS question, as a whole frame over UDP or TCP:
//
//   | header, rcode | questions | a record, or SOA | OPT: Extended DNS Error 15, text |
//
// With a SOA record a resolver keeps NXDOMAIN and NODATA in its cache (RFC 2308 section 5). The
// error "Blocked" (RFC 8914 section 4.16) is there where the question had EDNS (RFC 6891 section
// 6.1.1). The question is repeated as it was sent, or without compression where a pointer leads
// forward: in a reply it would lead nowhere.
//
// A reply is at most kMostGrowth bytes larger than what it answers, and no larger than its receiver
// takes; with Room::as_asked it is not larger at all. Where room is short, what stands further on
// in this list is left out: OPT, the error, the record, the text. Where not even the questions fit
// there is no reply.
// Pure: writes into the caller's buffer; no allocation, no exceptions.

#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/craft/frame_writer.h"
#include "filters/dns/query.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

enum class Rcode : std::uint8_t { no_error = 0, nx_domain = 3, refused = 5 };

struct DnsRefusal {
  Rcode rcode = Rcode::nx_domain;
  std::optional<IpAddress> address;  // answers the first question
  Bytes record;                      // data of a record that answers it; not beside an address
  std::uint16_t record_type = 0;
  bool is_truncated = false;  // TC: ask over TCP
  bool has_soa = false;
  std::size_t zone_labels = 0;  // how many labels of the first name, from the right, the SOA is of
  std::uint32_t ttl = 60;       // of the address, the record or the SOA
  std::string_view text;        // of the error
};

inline constexpr std::size_t kMostErrorText = 64;  // longer text is cut
inline constexpr std::size_t kMostRecord = 255;    // longer data are left out
inline constexpr std::size_t kMostGrowth = 12 + kMostRecord + 6 + kMostErrorText;

enum class Room : std::uint8_t {
  as_asked,        // no larger than the question, whose sender may be forged
  as_much_as_fits  // what the client takes
};

// The frame, a part of `out`; empty where it cannot be made: `out` is too small, `packet` is no UDP
// packet, or holds no question. Link header, VLAN tags and addresses are those of `packet`: turned
// round for a question (`back`), as they are for an answer that is refused (`onward`). Checksums
// are filled in. REQUIRES: `query` is parsed from packet.payload.
[[nodiscard]] Bytes refuse_query(const packet::Packet& packet, Direction direction,
                                 const dns::Query& query, const DnsRefusal& refusal, Room room,
                                 MutableBytes out) noexcept;

// The same over TCP: a segment with the message behind its length, which ends the connection as
// well (FIN). `message` is the question, or the answer that is refused, without its length.
[[nodiscard]] Bytes refuse_over_tcp(const packet::Packet& packet, Direction direction,
                                    TcpPlace place, Bytes message, const dns::Query& query,
                                    const DnsRefusal& refusal, MutableBytes out) noexcept;

}  // namespace sluice::craft
