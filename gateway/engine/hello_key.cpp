#include "gateway/engine/hello_key.h"

#include <array>
#include <cstring>

#include "filters/quic/packet.h"

namespace sluice::engine {

flow::FlowKey key_of(const flow::FlowKey& five_tuple, const HelloMark& mark,
                     HashKey secret) noexcept {
  std::array<std::uint64_t, 3> words{};
  static_assert(sizeof(words) >= quic::kMaxConnectionId);
  if (!mark.id.empty()) std::memcpy(words.data(), mark.id.data(), mark.id.size());
  KeyedHash hash(secret);
  for (const std::uint64_t word : words) hash.absorb(word);
  hash.absorb(std::uint64_t{mark.version.value} << 32 | mark.id.size() << 16 |
              static_cast<std::uint64_t>(mark.kind) << 8 | (mark.from_low ? 1U : 0U));
  KeyedHash other_half = hash;
  flow::FlowKey key = five_tuple;
  key.low[0] ^= hash.finish(0, sizeof(words));
  key.low[1] ^= other_half.finish(1, sizeof(words));
  return key;
}

}  // namespace sluice::engine
