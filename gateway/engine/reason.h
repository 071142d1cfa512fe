#pragma once

// Why a packet got its verdict. The list below is the only place where a reason is named: it yields
// the enumeration, the label of the metric `sluice_packets_total`, and the meaning for operators.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::engine {

// X(reason, meaning)
#define SLUICE_REASONS(X)                                                                       \
  X(not_ip, "no IP packet: ARP, LLDP, unknown link type")                                       \
  X(not_of_interest, "IP, but nothing that names a server: ICMP, other UDP, other transports")  \
  X(fragment, "of a fragmented packet that is not whole yet, or one more copy of it")           \
  X(fragment_malformed, "a fragment of odd length or place, which hosts take differently")      \
  X(fragment_conflict, "fragments of one packet that overlap and differ")                       \
  X(fragment_refused, "of a fragmented packet that was refused before")                         \
  X(fragment_unheld, "of a fragmented packet that there was no room to put together")           \
  X(malformed, "headers that contradict each other or the frame's length")                      \
  X(too_deep, "more tunnels or headers than are followed, IPv6 over 64 KiB or to a mapped one") \
  X(unread, "an encapsulation that is not read: ESP, IPComp, MACsec, compressed or cut PPP")    \
  X(no_payload, "handshake, acknowledgment, end: no bytes to judge")                            \
  X(server_data, "from the server, on a flow under inspection")                                 \
  X(unfinished, "part of a message that is not complete yet")                                   \
  X(body, "of the body of a request whose head was judged")                                     \
  X(allowed, "names were read and none is banned for this client")                              \
  X(logged, "a banned name whose policy is to log it")                                          \
  X(no_name, "a whole hello, request or answer that names no server")                           \
  X(unknown_protocol, "a TCP stream of no protocol that we read")                               \
  X(midstream, "TCP of a connection whose start was not seen")                                  \
  X(flow_passed, "of a flow that was passed before")                                            \
  X(banned, "a banned name completed here")                                                     \
  X(ech, "a DNS answer with keys for Encrypted ClientHello, as verdicts.ech says")              \
  X(flow_blocked, "of a flow that was blocked before")                                          \
  X(list_update, "of an open flow whose name a list update banned")                             \
  X(bad_checksum, "a packet with a bad checksum, which its receiver would discard")             \
  X(discarded, "data that its server would discard: no ACK, a foreign signature or time stamp") \
  X(stale, "bytes that the server has acknowledged before")                                     \
  X(beyond_window, "bytes too far ahead of what is judged; the sender sends them again")        \
  X(given_up, "sent again after its first copy was given up unacknowledged: asymmetric routes") \
  X(other_start, "another SYN on the ports of a connection whose server is not heard")          \
  X(over_budget, "closes a gap with more behind it than is judged at once; it is sent again")   \
  X(overlap, "differs from bytes that went before, and cannot be rewritten to them")            \
  X(ech_in_parts, "keys for Encrypted ClientHello that no one segment of an answer has whole")  \
  X(ech_not_hidden,                                                                             \
    "keys for Encrypted ClientHello in an answer over TCP that cannot be replaced")             \
  X(syn_data, "data in a SYN on ports in use; the client sends it again without")               \
  X(urgent, "urgent data in what is judged, in a packet that cannot be rewritten")              \
  X(wrong_side, "under the server's address, but from the client's side: tells nothing")        \
  X(unreadable, "claims to be DNS, TLS, QUIC or HTTP and cannot be judged")                     \
  X(unjudged_acknowledged, "the server acknowledged bytes that we never saw")                   \
  X(quic_undecryptable, "a QUIC Initial that opens with no key that either end can have")       \
  X(hello_over_rate, "a QUIC Initial, or piece of a DTLS hello, of a client over its limit")    \
  X(hello_too_many, "more pieces of hellos in one datagram than are looked at")                 \
  X(quic_unknown, "QUIC of a version that cannot be read")                                      \
  X(no_memory, "no room left to keep a flow or its bytes for judgement")                        \
  X(forgotten, "of what was half over when its place was lost: a hello, a request, a refusal")

enum class Reason : std::uint8_t {
#define SLUICE_X(reason, meaning) reason,
  SLUICE_REASONS(SLUICE_X)
#undef SLUICE_X
};
#define SLUICE_X(reason, meaning) +1
inline constexpr std::size_t kReasons = 0 SLUICE_REASONS(SLUICE_X);
#undef SLUICE_X
[[nodiscard]] std::string_view to_string(Reason reason) noexcept;
[[nodiscard]] std::string_view meaning_of(Reason reason) noexcept;
// A drop for this reason hits traffic that may be innocent, and its sender cannot mend it: it is
// worth an audit record.
[[nodiscard]] bool is_unjudged(Reason reason) noexcept;

}  // namespace sluice::engine
