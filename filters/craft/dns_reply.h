#pragma once

// The answer to a refused DNS question: NXDOMAIN (RFC 1035 section 4.1.1) with Extended DNS Error
// 15, "Blocked" (RFC 8914 section 4.16), as a whole frame that goes to the client.
//
// Never larger than the frame that provoked it: the EDE stands in the reply's OPT record, so it is
// there where the question had EDNS (RFC 6891 section 6.1.1) and room for its 6 bytes; the text
// (the app's name) where there is room for that too. The question is repeated as it was sent,
// or without compression where a pointer leads forward: in a reply it would lead nowhere. Where
// that does not fit there is no reply.
// Pure: writes into the caller's buffer; no allocation, no exceptions.

#include <string_view>

#include "filters/base/bytes.h"
#include "filters/craft/frame_writer.h"
#include "filters/dns/query.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

// The frame, a part of `out`; empty where it cannot be made: `out` is too small, `packet` is no UDP
// packet, or holds no question. Link header, VLAN tags and addresses are those of `packet`: turned
// round for a question (`back`), as they are for an answer that is refused (`onward`). Checksums
// are filled in. REQUIRES: `query` is parsed from packet.payload; out holds at least
// packet.frame.size() bytes.
[[nodiscard]] Bytes refuse_query(const packet::Packet& packet, Direction direction,
                                 const dns::Query& query, std::string_view text,
                                 MutableBytes out) noexcept;

}  // namespace sluice::craft
