#pragma once

// Reassembles IP fragments as the end host will (RFC 791, 815, 8200, 5722).
//
//   fragments   | 0 … 1480 |      | 1480 … 2960 |      | 2960 … 3008, last |
//                  incomplete        incomplete            whole ► judged ► settle()
//
//   holding     | link | IP header | payload |   and a bit for each block of 8 bytes that arrived
//                 the frame as it would have been without fragmentation
//
// The host cannot act on a datagram before its last missing fragment, so that fragment gets the
// verdict of the whole datagram. The verdict holds until no fragment has arrived for the timeout:
// by then most hosts have given up, too (60 seconds, RFC 8200 section 4.5). What comes later of one
// that was refused, or never whole, is refused for one to two timeouts more.
//   equal overlap       tolerated, before and after the verdict
//   differing overlap   nobody knows which bytes the host keeps: the datagram is refused, and so
//                       are its later fragments
// Bounds: at most `datagrams` are collected at a time, each of any length. If all are taken, the
// source that has most of them gives up its oldest (filters/flow/table.h). Verdicts of kSettledFor
// times as many are remembered, and of those that had to go, that there was one: what comes of them
// later is refused (filters/flow/forgotten.h). A datagram that passed keeps its bytes until others
// need the memory; from then on its fragments are refused.
// One worker owns it. Allocates at construction only.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/forgotten.h"
#include "filters/flow/table.h"
#include "filters/fragment/fragment.h"

namespace sluice::fragment {

enum class Outcome : std::uint8_t {
  not_of_interest,  // a protocol that is never judged
  incomplete,       // or a copy of a fragment that passed
  whole,            // see whole(): judge it, then settle()
  malformed,
  bad_checksum,
  conflicting,  // differing overlap
  refused,      // belongs to a refused datagram, or to one that is forgotten
  evicted,      // belongs to an evicted datagram, which cannot be judged
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
  // The datagram that the last take() completed, decoded; valid until the next take(). It has the
  // link header of the last fragment, or none if that came through a tunnel.
  [[nodiscard]] Result<packet::Packet, packet::DecodeError> whole(
      packet::Tunnels tunnels) const noexcept;
  // Its verdict. If settle() is not called, the datagram counts as refused.
  void settle(bool passed) noexcept;
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t collecting() const noexcept { return collecting_; }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
  [[nodiscard]] static std::size_t memory_bytes(const ReassemblerLimits& limits) noexcept;

 private:
  enum class State : std::uint8_t { collecting, passed, refused, evicted };
  struct Datagram {
    State state = State::collecting;
    std::uint32_t holding = 0;  // only if that holding's owner is this datagram
  };
  struct Holding;

  Datagram* open(const flow::FlowKey& key, const packet::Packet& part, Nanos now) noexcept;
  void evict() noexcept;
  Outcome take_again(Datagram& datagram, const Fragment& fragment) noexcept;
  Outcome collect(Datagram& datagram, const packet::Packet& part,
                  const Fragment& fragment) noexcept;
  void make_whole(Datagram& datagram, const packet::Packet& part) noexcept;
  void end(Datagram& datagram, State state) noexcept;
  void keep(Datagram& datagram, flow::Keep keep) noexcept;
  void give_back(const Datagram& datagram) noexcept;
  void on_removed(Datagram& datagram, flow::Removal why) noexcept;
  [[nodiscard]] auto on_removal() noexcept {
    return [this](Datagram& removed, flow::Removal why) { on_removed(removed, why); };
  }

  flow::Table<Datagram> datagrams_;
  flow::Forgotten forgotten_;
  std::size_t holdings_count_;
  std::unique_ptr<Holding[]> holdings_;
  std::uint32_t oldest_free_ = 0, newest_free_ = 0;
  std::size_t collecting_ = 0;
  std::uint64_t evicted_ = 0;
  Nanos newest_{0};
  Datagram* unsettled_ = nullptr;
  packet::Packet last_;  // the fragment that completed a datagram, with the datagram as its frame
};

}  // namespace sluice::fragment
