// The input is a programme of steps on two streams that share a small pool; each result and each
// view must be that of a naive model, a map of bytes.
//
//   step: | stream 1 bit, kind 2 bits, length 5 bits | offset | seed of the bytes |

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "filters/base/byte_reader.h"
#include "filters/flow/client_stream.h"
#include "tests/fuzz/require.h"

namespace sluice::flow {
namespace {

using fuzz::require;

constexpr std::size_t kCapacity = 100;  // no multiple of 64
constexpr std::size_t kSlots = 3;       // one less than both streams can want

class Model {
 public:
  Insert insert(std::size_t free_slots, std::uint64_t offset, std::string_view text) {
    std::map<std::uint64_t, char> fresh;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (offset + i >= base_) fresh[offset + i] = text[i];
    }
    if (fresh.empty()) return Insert::known;
    if (fresh.rbegin()->first - base_ >= kCapacity) return Insert::beyond_window;
    if (slots_ == 0 && free_slots == 0) return Insert::no_memory;
    bool news = false;
    bool differs = false;
    for (const auto& [at, octet] : fresh) {
      const auto known = last_.find(at);
      news = news || known == last_.end();
      differs = differs || (known != last_.end() && known->second != octet);
    }
    if (differs && slots_ == 1 && free_slots == 0) return Insert::no_memory;
    slots_ = differs ? 2 : std::max<std::size_t>(slots_, 1);
    for (const auto& [at, octet] : fresh) {
      first_.try_emplace(at, octet);
      last_[at] = octet;
    }
    return differs ? Insert::conflicting : news ? Insert::stored : Insert::known;
  }

  void consume(std::size_t count) {
    if (count == 0) return;
    base_ += count;
    std::erase_if(first_, [&](const auto& item) { return item.first < base_; });
    std::erase_if(last_, [&](const auto& item) { return item.first < base_; });
    if (first_.empty()) slots_ = 0;
    if (slots_ == 2 && first_ == last_) slots_ = 1;
  }
  void release() {
    base_ += view(Reading::first_copy).size();
    first_.clear();
    last_.clear();
    slots_ = 0;
  }
  void reset() {
    release();
    base_ = 0;
  }

  [[nodiscard]] std::string view(Reading reading) const {
    const auto& bytes = reading == Reading::first_copy ? first_ : last_;
    std::string result;
    for (auto at = bytes.find(base_); at != bytes.end(); at = bytes.find(at->first + 1)) {
      result += at->second;
    }
    return result;
  }
  [[nodiscard]] std::uint64_t base() const { return base_; }
  [[nodiscard]] std::size_t slots() const { return slots_; }

 private:
  std::uint64_t base_ = 0;
  std::size_t slots_ = 0;
  std::map<std::uint64_t, char> first_, last_;
};

struct Pair {
  ClientStream stream;
  Model model;
};

void check_same(const StreamPool& pool, const Pair& pair) {
  for (const Reading reading : {Reading::first_copy, Reading::last_copy}) {
    require(as_text(pair.stream.view(pool, reading)) == pair.model.view(reading));
  }
  require(pair.stream.base() == pair.model.base());
  require(pair.stream.contiguous() ==
          pair.model.base() + pair.model.view(Reading::first_copy).size());
  require(pair.stream.readings_differ() == (pair.model.slots() == 2));
  require(pair.stream.holds_memory() == (pair.model.slots() > 0));
}

void take_step(StreamPool& pool, Pair& pair, std::uint8_t step, std::uint8_t where,
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
      const std::size_t free_slots = pool.slots() - pool.in_use();
      const Insert expected = model.insert(free_slots, offset, text);
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
  StreamPool pool(kSlots, kCapacity);
  std::array<Pair, 2> pairs;
  for (ByteReader reader(programme); reader.remaining() >= 3;) {
    const std::uint8_t step = reader.u8();
    const std::uint8_t where = reader.u8();
    const std::uint8_t seed = reader.u8();
    take_step(pool, pairs[step >> 7], step, where, seed);
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
