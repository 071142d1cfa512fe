// Any bytes as the messages of a transfer: each record that is given out lies in the zone, makes
// one line, and comes only before the end; the order is that of RFC 5936 or RFC 1995.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "lists/transfer/knot.h"
#include "lists/transfer/record_stream.h"
#include "lists/transfer/transfer.h"
#include "lists/transfer/zone_records.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

using lists::RecordStream;

// The first byte: whether there is a zone already. Then messages, each behind its length.
void check(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  const bool has_zone = (input[0] & 1) != 0;
  input = input.subspan(1);
  RecordStream stream(lists::zone_wire("rpz.test."),
                      has_zone ? std::optional<std::uint32_t>(5) : std::nullopt);
  bool seen_full = false;
  bool seen_change = false;
  lists::ZoneRecords records(1);
  while (input.size() > 2) {
    const std::size_t size = std::size_t{input[0]} << 8 | input[1];
    std::vector<std::uint8_t> message(
        input.begin() + 2,
        input.begin() + 2 + static_cast<std::ptrdiff_t>(std::min(size, input.size() - 2)));
    input = input.subspan(2 + message.size());
    const lists::Packet packet(
        knot_pkt_new(message.data(), static_cast<std::uint16_t>(message.size()), nullptr));
    if (knot_pkt_parse(packet.get(), 0) != KNOT_EOK) return;
    const knot_pktsection_t* const section = knot_pkt_section(packet.get(), KNOT_ANSWER);
    for (std::uint16_t i = 0; i < section->count; ++i) {
      if (stream.state() != RecordStream::State::more) return;
      const auto taken = stream.take(
          *knot_pkt_rr(section, i),
          [&](RecordStream::Does does, const lists::Soa& soa, const knot_rrset_t& record) {
            require(soa == stream.soa());
            (does == RecordStream::Does::full ? seen_full : seen_change) = true;
            require(seen_full != seen_change);
            require(!seen_change || has_zone);
            const std::string line = lists::line_of(record);
            require(line.empty() || line.find('\n') == line.size() - 1);
            const std::uint64_t hash = records.hash_of(line);
            records.insert(hash);
            require(records.contains(hash) && records.erase(hash) && !records.contains(hash));
            return !line.empty();
          });
      if (!taken) return;
      require(*taken != RecordStream::State::whole_zone || !seen_change);
      require(*taken != RecordStream::State::changes || !seen_full);
    }
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(std::span(data, size));
  return 0;
}
