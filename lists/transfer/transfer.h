#pragma once

// One transfer of a zone over TCP: AXFR (RFC 5936) or IXFR (RFC 1995), signed with TSIG if there is
// a key. libknot writes and reads the messages.
//
// Blocks, up to TransferLimits::total; gives up within a quarter of a second once bell.stopped().
// Records are given out before the last signature is checked: the caller keeps them aside until the
// transfer succeeds.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "lists/transfer/record_stream.h"
#include "lists/transfer/tsig.h"
#include "lists/update/bell.h"
#include "lists/update/refusal.h"

namespace sluice::lists {

struct TransferLimits {
  std::uint64_t bytes = std::uint64_t{1} << 30;  // of all messages
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds idle{15'000};  // between two pieces
  std::chrono::milliseconds total{600'000};
};

struct TransferRequest {
  Endpoint primary;
  std::string zone;                     // as text
  std::optional<std::uint32_t> serial;  // of what we have: IXFR. Empty: AXFR
  const TsigKey* key = nullptr;         // null: unsigned
  TransferLimits limits = {};
};

struct Transferred {
  RecordStream::State state = RecordStream::State::more;  // never `more`
  Soa soa;
  std::uint64_t bytes = 0;
};

struct TransferFailure {
  Refusal refusal;
  bool no_incremental = false;  // the primary does not know IXFR: ask for all
};

[[nodiscard]] Result<Transferred, TransferFailure> transfer(const TransferRequest& request,
                                                            RecordStream::Take take,
                                                            const Bell& bell);

// `zone` in wire form, lower case; empty: it is no name.
[[nodiscard]] std::vector<std::uint8_t> zone_wire(const std::string& zone);

}  // namespace sluice::lists
