#pragma once

// Puts IP fragments together, to see what the end host will see (RFC 791, 815, 8200, 5722).
//
//   fragments   | 0 … 1480 |      | 1480 … 2960 |      | 2960 … 3008, last |
//                  incomplete        incomplete            whole ► judged ► settle()
//
//   holding     | link | IP header | payload |   and a bit for each block of 8 bytes that came
//                 the frame as it would have been in one piece
//
// The end host cannot act on a datagram before its last missing fragment: that one gets the verdict
// of the whole, and the verdict stands until no fragment has come for the timeout: by then a host
// has given up, too (60 seconds, RFC 8200 section 4.5).
//   bytes that come again, the same      tolerated, before and after the verdict
//   bytes that come again, and differ    nobody knows which of them the host keeps: the datagram
//                                         is refused, and all that still comes of it
// Bounds: `datagrams` are collected at a time, each of any length. A source may have a quarter of
// them, then its own oldest gives way; where all are taken, the oldest of all does. Verdicts of
// kSettledFor times as many are remembered; a datagram that passed keeps its bytes as long as
// nobody needs the room, and from then on nothing of it is tolerated.
// One worker owns it. Allocates at construction only.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/table.h"
#include "filters/fragment/fragment.h"

namespace sluice::fragment {

enum class Outcome : std::uint8_t {
  not_of_interest,  // carries what is never judged
  incomplete,       // or one more copy of what passed
  whole,            // see whole(); to be judged and settled
  malformed,
  bad_checksum,
  conflicting,  // overlaps, and differs
  refused,      // of a datagram that was refused
  gave_way,     // of a datagram that gave way to others: cannot be judged
};

struct ReassemblerLimits {
  std::size_t datagrams = 256;  // 4 or more
  Nanos timeout = std::chrono::seconds(60);
};

class Reassembler {
 public:
  static constexpr std::size_t kSettledFor = 32;

  Reassembler(const ReassemblerLimits& limits, HashKey key);
  ~Reassembler();

  // REQUIRES: `part` was decoded and is a fragment.
  [[nodiscard]] Outcome take(const packet::Packet& part, Nanos now, bool verify_checksum) noexcept;
  // The datagram that the last take() made whole, decoded; good until the next take(). It has the
  // link header of the fragment that came last, or none where that came through a tunnel.
  [[nodiscard]] Result<packet::Packet, packet::DecodeError> whole(
      packet::Tunnels tunnels) const noexcept;
  // What became of it. Not called: it is refused.
  void settle(bool passed) noexcept;
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t collecting() const noexcept { return collecting_; }
  [[nodiscard]] std::uint64_t gave_way() const noexcept { return gave_way_; }
  [[nodiscard]] static std::size_t memory_bytes(const ReassemblerLimits& limits) noexcept;

 private:
  enum class State : std::uint8_t { collecting, passed, refused, gave_way };
  struct Datagram {
    State state = State::collecting;
    std::uint32_t holding = 0;  // its own only while the holding's owner says so
  };
  struct Holding;

  Datagram* open(const flow::FlowKey& key, const packet::Packet& part, Nanos now) noexcept;
  void make_room(const IpAddress& source) noexcept;
  Outcome take_again(Datagram& datagram, const Fragment& fragment) noexcept;
  Outcome collect(Datagram& datagram, const packet::Packet& part, const Fragment& fragment,
                  Nanos now) noexcept;
  void make_whole(Datagram& datagram, const packet::Packet& part) noexcept;
  void end(Datagram& datagram, State state) noexcept;
  void release(Datagram& datagram) noexcept;

  std::size_t quota_;
  flow::Table<Datagram> datagrams_;
  std::size_t holdings_count_;
  std::unique_ptr<Holding[]> holdings_;
  std::uint32_t oldest_free_ = 0, newest_free_ = 0;
  std::size_t collecting_ = 0;
  std::uint64_t gave_way_ = 0;
  Datagram* unsettled_ = nullptr;
  packet::Packet last_;  // the fragment that made a datagram whole; its frame is the whole
};

}  // namespace sluice::fragment
