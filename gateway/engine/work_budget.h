#pragma once

// WorkBudget: how much one packet may have judged of what lies ready in its stream.
//
// A packet that closes a gap makes readable all that came behind it. So that none costs more than a
// small multiple of an ordinary one, judgement stops where the budget is spent; the packet is then
// dropped alone, and goes on from there when its sender sends it again. What a packet brings itself
// is within its budget, with two exceptions: over a dozen hosts in a full segment, each another one
// than the one before it (pipelined requests go to one host), and messages of DNS that are shorter
// than its header.

#include <algorithm>
#include <cstddef>

namespace sluice::engine {

class WorkBudget {
 public:
  explicit WorkBudget(std::size_t payload) noexcept : left_(kBase + kPerByte * payload) {}

  // A message of so many bytes was judged, or a part of one.
  void spend(std::size_t bytes) noexcept {
    charge(std::min(kMessage, kShortMessage * bytes) + kByte * bytes);
  }
  // A message of DNS, with so many names. An empty one costs as much.
  void spend_dns(std::size_t bytes, std::size_t names) noexcept {
    charge(kMessage + kByte * bytes + kName * names);
  }
  // A host in it; `repeated`: the packet showed it just before.
  void spend_host(bool repeated) noexcept { charge(repeated ? kRepeatedHost : kHost); }
  [[nodiscard]] bool is_spent() const noexcept { return left_ == 0; }

 private:
  void charge(std::size_t cost) noexcept { left_ = cost < left_ ? left_ - cost : 0; }

  // In units of about 0.4 ns. A host is looked up in the domain set, where it is seldom in cache,
  // and is remembered with its flow.
  static constexpr std::size_t kByte = 2;
  static constexpr std::size_t kMessage = 128;
  static constexpr std::size_t kShortMessage = 16;  // a byte
  static constexpr std::size_t kName = 256;
  static constexpr std::size_t kRepeatedHost = 400;
  static constexpr std::size_t kHost = 2048;

  static constexpr std::size_t kPerByte = kByte + kShortMessage;  // what names nothing is within it
  static constexpr std::size_t kBase = 8192;                      // a part of a head with its host

  std::size_t left_;
};

}  // namespace sluice::engine
