#pragma once

// WorkBudget: how much one packet may have judged of what lies ready in its stream.
//
// A packet that closes a gap makes readable all that came behind it. So that none costs more than a
// small multiple of an ordinary one, judgement stops where the budget is spent; the packet is then
// dropped alone, and goes on from there when its sender sends it again. What a packet brings itself
// is within its budget, but for names packed tighter than one in kNameBytes: no pipelined question
// or request is that short.

#include <algorithm>
#include <cstddef>

namespace sluice::engine {

class WorkBudget {
 public:
  explicit WorkBudget(std::size_t payload) noexcept : left_(kBase + kPerByte * payload) {}

  // A message of so many bytes with so many names was judged.
  void spend(std::size_t bytes, std::size_t names) noexcept {
    const std::size_t cost =
        std::min(kMessage, kShortMessage * bytes) + kByte * bytes + kName * names;
    left_ = cost < left_ ? left_ - cost : 0;
  }
  [[nodiscard]] bool is_spent() const noexcept { return left_ == 0; }

 private:
  // In units of about 0.4 ns. A name is looked up in the domain set, where it is seldom in cache.
  static constexpr std::size_t kByte = 2;
  static constexpr std::size_t kMessage = 128;
  static constexpr std::size_t kShortMessage = 16;  // a byte
  static constexpr std::size_t kName = 512;

  static constexpr std::size_t kNameBytes = 32;
  static constexpr std::size_t kPerByte = kByte + (kMessage + kName) / kNameBytes;
  static constexpr std::size_t kBase = 8192;  // a part of a head, and a name in it
  static_assert(kPerByte >= kByte + kShortMessage, "what names nothing is always within it");

  std::size_t left_;
};

}  // namespace sluice::engine
