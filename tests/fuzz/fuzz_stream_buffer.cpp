// The input is a programme of steps on two streams that share a small pool; each result and each
// view must be that of a naive model, a map of bytes. Streams that outgrow the small slots move to
// the large ones.
//
//   step: | stream 1 bit, kind 2 bits, length 5 bits | offset | seed of the bytes |

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "filters/base/byte_reader.h"
#include "filters/flow/stream_buffer.h"
#include "tests/fuzz/require.h"
#include "tests/support/naive_stream.h"

namespace sluice::flow {
namespace {

using fuzz::require;

// No multiples of 64; one slot less than both streams can want.
constexpr SlotClass kSmall{1, 70}, kLarge{1, 100};

struct Pair {
  StreamBuffer stream;
  test::NaiveStream model;
};

void check_same(const StreamPool& pool, const Pair& pair) {
  require(as_text(pair.stream.view(pool)) == pair.model.view());
  require(pair.stream.base() == pair.model.base());
  require(pair.stream.contiguous() == pair.model.base() + pair.model.view().size());
  require(pair.stream.holds_memory() == !pair.model.empty());
  const std::size_t window = pair.stream.window(pool);
  require(window >= kSmall.capacity - kSmall.capacity / 8 && window <= kLarge.capacity);
}

void insert(StreamPool& pool, Pair& pair, std::uint64_t offset, const std::string& text) {
  auto& [stream, model] = pair;
  const bool had_memory = stream.holds_memory();
  const Insert expected = model.insert(stream.window(pool), offset, text);
  const Insert result = stream.insert(pool, offset, as_bytes(text));
  const bool is_full = result == Insert::no_memory && expected == Insert::stored && !had_memory;
  require(result == expected || is_full);
  if (result == Insert::stored) model.store(offset, text);
  require(stream.agrees(pool, offset, as_bytes(text)) == (result != Insert::differs) ||
          result == Insert::beyond_window);
  std::string changed = text;
  stream.overwrite(pool, offset, std::as_writable_bytes(std::span(changed)));
  require(changed == model.overwritten(offset, text));
  require(stream.agrees(pool, offset, as_bytes(changed)));
}

void take_step(StreamPool& pool, Pair& pair, std::uint8_t step, std::uint8_t where,
               std::uint8_t seed) {
  auto& [stream, model] = pair;
  const std::size_t length = step & 0x1fU;
  switch (step >> 5 & 3) {
    case 0:
    case 1: {  // from a little before the base to behind the window
      const std::uint64_t back = std::min<std::uint64_t>(stream.base(), 8);
      const std::uint64_t offset = stream.base() - back + where % (kLarge.capacity + 16);
      std::string text(length, '\0');
      for (std::size_t i = 0; i < length; ++i) {
        text[i] = static_cast<char>('a' + (offset + i) % 26);  // the same byte at the same place
      }
      if (seed < length) text[seed] = '!';  // or not
      insert(pool, pair, offset, text);
      break;
    }
    case 2: {  // seldom more than what is there
      const std::size_t there = stream.contiguous() - stream.base();
      const std::size_t count = where % (there + 1) + (seed < 8 ? seed : 0U);
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
  StreamPool pool(kSmall, kLarge);
  std::array<Pair, 2> pairs;
  for (ByteReader reader(programme); reader.remaining() >= 3;) {
    const std::uint8_t step = reader.u8();
    const std::uint8_t where = reader.u8();
    const std::uint8_t seed = reader.u8();
    take_step(pool, pairs[step >> 7], step, where, seed);
    for (const Pair& pair : pairs) check_same(pool, pair);
    require(pool.in_use() == std::size_t{pairs[0].stream.holds_memory()} +
                                 std::size_t{pairs[1].stream.holds_memory()});
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
