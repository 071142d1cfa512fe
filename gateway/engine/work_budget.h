#pragma once

// WorkBudget: how much one packet may have judged of what lies ready in its stream.
//
// A packet that closes a gap makes readable all that came behind it. So that none costs more than a
// small multiple of an ordinary one, judgement stops where the budget is spent; the packet is then
// dropped alone, and goes on from there when its sender sends it again. What a packet brings itself
// is always within its budget.

#include <cstddef>

namespace sluice::engine {

class WorkBudget {
 public:
  explicit WorkBudget(std::size_t payload) noexcept : left_(kBase + kPerByte * payload) {}

  // A message of so many bytes with so many names was judged.
  void spend(std::size_t bytes, std::size_t names) noexcept {
    const std::size_t cost = kMessage + bytes + kName * names;
    left_ = cost < left_ ? left_ - cost : 0;
  }
  [[nodiscard]] bool is_spent() const noexcept { return left_ == 0; }

 private:
  // In bytes read. A name is looked up in the domain set: about 0.2 us where that is not in cache.
  static constexpr std::size_t kName = 128;
  static constexpr std::size_t kMessage = 16;
  static constexpr std::size_t kBase = 4096;
  static constexpr std::size_t kPerByte = 16;  // the shortest host takes 12 bytes of a request

  std::size_t left_;
};

}  // namespace sluice::engine
