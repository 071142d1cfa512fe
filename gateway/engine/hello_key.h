#pragma once

// What a hello in datagrams is found by, on its five-tuple.
//
//   quic, dtls   the hello itself: QUIC's version and the DCID of its first Initial; DTLS'
//                message_seq and length
//   to_client    hellos of clients that chose this connection ID: their servers answer to it
//   to_server    hellos whose servers chose it: their clients go on with it
//   newest       the last hellos of one side
//
// A mark becomes a key of a flow::Table: the five-tuple, with 128 bits of a keyed hash of the rest
// folded in. Pure.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"
#include "filters/flow/flow_key.h"
#include "filters/quic/version.h"

namespace sluice::engine {

struct HelloMark {
  enum class Kind : std::uint8_t { quic, dtls, to_client, to_server, newest };

  Kind kind = Kind::quic;
  bool from_low = false;           // which end of the five-tuple is the client
  Bytes id = {};                   // at most quic::kMaxConnectionId bytes
  quic::VersionNumber version{0};  // quic
};

[[nodiscard]] flow::FlowKey key_of(const flow::FlowKey& five_tuple, const HelloMark& mark,
                                   HashKey secret) noexcept;

}  // namespace sluice::engine
