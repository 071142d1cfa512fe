#pragma once

// The answer to a refused DNS question: NXDOMAIN (RFC 1035 section 4.1.1) with Extended DNS Error
// 15, "Blocked" (RFC 8914 section 4.16), as a whole frame that goes back to the client.
//
// Never larger than the frame that provoked it: the EDE stands in the reply's OPT record, so it is
// there where the question had EDNS (RFC 6891 section 6.1.1) and room for its 6 octets; the text
// (the app's name) where there is room for that too.
// Pure: writes into the caller's buffer; no allocation, no exceptions.

#include <string_view>

#include "filters/base/bytes.h"
#include "filters/dns/query.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

// The frame, a part of `out`; empty where `out` is too small or `packet` is no UDP packet.
// Link header, VLAN tags and addresses are those of `packet`, turned round. Checksums are filled
// in. REQUIRES: `query` is parsed from packet.payload; out holds at least packet.frame.size()
// bytes.
[[nodiscard]] Bytes refuse_query(const packet::Packet& packet, const dns::Query& query,
                                 std::string_view text, MutableBytes out) noexcept;

}  // namespace sluice::craft
