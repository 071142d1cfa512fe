// The input is a programme of steps on two streams that share a small pool; each result and each
// view must be that of a naive model, a map of bytes. What a server reads that keeps the newest
// copy of each byte is one of the readings. Streams that outgrow the small slots move to the large
// ones.
//
//   step: | stream 1 bit, kind 2 bits, length 5 bits | offset | seed of the bytes |

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>

#include "filters/base/byte_reader.h"
#include "filters/flow/client_stream.h"
#include "tests/fuzz/require.h"

namespace sluice::flow {
namespace {

using fuzz::require;

// No multiples of 64; of slots one less than both streams can want.
constexpr std::size_t kSmall = 70, kCapacity = 100;
constexpr std::size_t kSlots = 3;

struct FreeSlots {
  std::size_t small = kSlots, large = kSlots;
};

class Model {
 public:
  Insert insert(FreeSlots free_slots, std::uint64_t offset, std::string_view text) {
    std::map<std::uint64_t, char> fresh;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (offset + i >= base_) fresh[offset + i] = text[i];
    }
    if (fresh.empty()) return Insert::known;
    if (fresh.rbegin()->first - base_ >= kCapacity) return Insert::beyond_window;
    const bool large = is_large_ || fresh.rbegin()->first - base_ >= kSmall;
    const std::size_t wanted = large == is_large_ ? 0 : std::max<std::size_t>(slots_, 1);
    if (large && free_slots.large < wanted) return Insert::beyond_window;
    if (slots_ == 0 && !large && free_slots.small == 0) return Insert::no_memory;
    const std::size_t taken = slots_ == 0 ? 1 : wanted;
    const std::size_t left = (large ? free_slots.large : free_slots.small) - taken;
    is_large_ = large;
    slots_ = std::max<std::size_t>(slots_, 1);
    bool news = false;
    bool differs = false;
    for (const auto& [at, byte] : fresh) {
      const auto known = first_.find(at);
      news = news || known == first_.end();
      differs = differs || (known != first_.end() && known->second != byte);
    }
    const std::uint64_t from = fresh.begin()->first, to = fresh.rbegin()->first + 1;
    const std::size_t before = contested(edges_).size();
    std::set<std::uint64_t> edges = edges_;
    edges.insert({from, to});
    // Pieces of which this is another copy.
    std::set<std::uint64_t> others;
    for (const auto& [at, byte] : fresh) {
      const auto known = first_.find(at);
      if (known == first_.end() || known->second == byte) continue;
      others.insert(*std::prev(edges.upper_bound(at)));
    }
    std::size_t fresh_pieces = 0;
    for (const std::uint64_t piece : others) {
      const std::uint64_t end = *edges.upper_bound(piece);
      bool is_third = false, is_contested = false;
      for (std::uint64_t at = piece; at < end; ++at) {
        is_contested = is_contested || first_[at] != last_[at];
        is_third = is_third || last_[at] != fresh[at];
      }
      if (is_contested && is_third) return Insert::third_copy;
      if (!is_contested) ++fresh_pieces;
    }
    const std::size_t split = contested(edges).size();
    if (fresh_pieces + split > kMaxContested) return Insert::third_copy;
    if (fresh_pieces > 0 && slots_ == 1 && left == 0) return Insert::no_memory;
    if (fresh_pieces > 0) slots_ = 2;
    edges_ = edges;
    for (const auto& [at, byte] : fresh) {
      first_.try_emplace(at, byte);
      const bool is_other = others.contains(*std::prev(edges.upper_bound(at)));
      if (is_other) last_[at] = byte;
      last_.try_emplace(at, byte);
      newest_[at] = byte;
    }
    return fresh_pieces > 0 || split != before ? Insert::conflicting
           : news                              ? Insert::stored
                                               : Insert::known;
  }

  void consume(std::size_t count) {
    if (count == 0) return;
    base_ += count;
    std::erase_if(first_, [&](const auto& item) { return item.first < base_; });
    std::erase_if(last_, [&](const auto& item) { return item.first < base_; });
    std::erase_if(newest_, [&](const auto& item) { return item.first < base_; });
    std::erase_if(edges_, [&](std::uint64_t edge) { return edge < base_; });
    edges_.insert(base_);
    if (first_.empty()) give_up_slots();
    if (slots_ == 2 && first_ == last_) slots_ = 1;
  }
  void release() {
    base_ += view(Reading::first_copy).size();
    first_.clear();
    last_.clear();
    newest_.clear();
    edges_ = {base_};
    give_up_slots();
  }
  void reset() {
    release();
    base_ = 0;
    edges_ = {0};
  }

  [[nodiscard]] std::string view(Reading reading) const {
    return view(reading == Reading::first_copy ? first_ : last_);
  }
  [[nodiscard]] std::string newest() const { return view(newest_); }
  [[nodiscard]] std::string view(const std::map<std::uint64_t, char>& bytes) const {
    std::string result;
    for (auto at = bytes.find(base_); at != bytes.end(); at = bytes.find(at->first + 1)) {
      result += at->second;
    }
    return result;
  }
  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::size_t slots() const { return slots_; }
  [[nodiscard]] bool is_large() const { return is_large_; }

 private:
  // Where contested pieces begin.
  [[nodiscard]] std::set<std::uint64_t> contested(const std::set<std::uint64_t>& edges) const {
    std::set<std::uint64_t> pieces;
    for (const auto& [at, byte] : first_) {
      if (last_.at(at) != byte) pieces.insert(*std::prev(edges.upper_bound(at)));
    }
    return pieces;
  }

  void give_up_slots() {
    slots_ = 0;
    is_large_ = false;
  }

  std::uint64_t base_ = 0;
  std::size_t slots_ = 0;
  bool is_large_ = false;  // of both slots
  std::map<std::uint64_t, char> first_, last_, newest_;
  std::set<std::uint64_t> edges_ = {0};
};

struct Pair {
  ClientStream stream;
  Model model;
};

bool is_a_reading(const StreamPool& pool, const ClientStream& stream, std::string_view text) {
  std::array<std::byte, kCapacity> room;
  const Contested contested = stream.contested(pool);
  for (unsigned reading = 0; reading < contested.readings(); ++reading) {
    if (as_text(stream.mixture(pool, contested, reading, room)) == text) return true;
  }
  return false;
}

void check_same(const StreamPool& pool, const Pair& pair) {
  require(is_a_reading(pool, pair.stream, pair.model.newest()));
  for (const Reading reading : {Reading::first_copy, Reading::last_copy}) {
    require(as_text(pair.stream.view(pool, reading)) == pair.model.view(reading));
  }
  require(pair.stream.base() == pair.model.base());
  require(pair.stream.contiguous() ==
          pair.model.base() + pair.model.view(Reading::first_copy).size());
  require(pair.stream.readings_differ() == (pair.model.slots() == 2));
  require(pair.stream.holds_memory() == (pair.model.slots() > 0));
}

FreeSlots free_slots(const std::array<Pair, 2>& pairs) {
  FreeSlots free;
  for (const Pair& pair : pairs) {
    (pair.model.is_large() ? free.large : free.small) -= pair.model.slots();
  }
  return free;
}

void take_step(StreamPool& pool, Pair& pair, FreeSlots free, std::uint8_t step, std::uint8_t where,
               std::uint8_t seed) {
  auto& [stream, model] = pair;
  const std::size_t length = step & 0x1fU;
  const std::size_t there = stream.contiguous() - stream.base();
  switch (step >> 5 & 3) {
    case 0:
    case 1: {  // from a little before the base to behind the window
      const std::uint64_t back = std::min<std::uint64_t>(stream.base(), 8);
      const std::uint64_t offset = stream.base() - back + where % (kCapacity + 16);
      std::string text(length, '\0');
      for (std::size_t i = 0; i < length; ++i) {
        text[i] = static_cast<char>('a' + (offset + i) % 26);  // the same byte at the same place
      }
      if (seed < length) text[seed] = '!';  // or not
      const Insert expected = model.insert(free, offset, text);
      require(stream.insert(pool, offset, as_bytes(text)) == expected);
      break;
    }
    case 2: {
      const std::size_t count = where % (there + 1);
      stream.consume(pool, count);
      model.consume(count);
      break;
    }
    default:
      if (seed == 0) {
        stream.reset(pool);
        model.reset();
      } else if (seed < 16) {
        stream.release(pool);
        model.release();
      }
      break;
  }
}

void check(Bytes programme) {
  StreamPool pool({kSlots, kSmall}, {kSlots, kCapacity});
  std::array<Pair, 2> pairs;
  for (ByteReader reader(programme); reader.remaining() >= 3;) {
    const std::uint8_t step = reader.u8();
    const std::uint8_t where = reader.u8();
    const std::uint8_t seed = reader.u8();
    take_step(pool, pairs[step >> 7], free_slots(pairs), step, where, seed);
    for (const Pair& pair : pairs) check_same(pool, pair);
    require(pool.in_use() == pairs[0].model.slots() + pairs[1].model.slots());
  }
  for (Pair& pair : pairs) pair.stream.release(pool);
  require(pool.in_use() == 0);
}

}  // namespace
}  // namespace sluice::flow

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::flow::check(std::as_bytes(std::span(data, size)));
  return 0;
}
