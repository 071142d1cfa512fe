// Any stream: bounds hold, a block lies in the stream or the room, a prefix needs more or says what
// the whole says; and a frame written from the answer gives that answer.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/http2/frames.h"
#include "tests/fuzz/require.h"

namespace sluice::http2 {
namespace {

using fuzz::lies_in;
using fuzz::require;

// One HEADERS frame of stream 1 with END_HEADERS.
std::vector<std::byte> frame_of(Bytes block) {
  std::vector<std::byte> frame;
  for (const std::size_t byte : {block.size() >> 16, block.size() >> 8, block.size()}) {
    frame.push_back(static_cast<std::byte>(byte));
  }
  for (const unsigned byte : {1U, 4U, 0U, 0U, 0U, 1U}) frame.push_back(std::byte(byte));
  frame.insert(frame.end(), block.begin(), block.end());
  return frame;
}

bool same_block(const Frames& a, const Frames& b) {
  if (!a.block || !b.block) return !a.block && !b.block;
  return std::ranges::equal(*a.block, *b.block);
}

void check_whole(const Frames& frames, Bytes stream, const BlockRoom& room, BlockRoom& other) {
  require(frames.size >= kFrameHeaderBytes && frames.size <= std::min(stream.size(), kMaxBlock));
  if (!frames.block) return;
  require(frames.skip == 0);
  require(lies_in(*frames.block, stream) || lies_in(*frames.block, room));
  const std::vector<std::byte> frame = frame_of(*frames.block);
  const FramesRead again = read_frames(frame, other);
  require(again.frames && again.frames->size == frame.size() && same_block(*again.frames, frames));
}

void check_frames(Bytes stream) {
  const auto room = std::make_unique<BlockRoom>();
  const auto other = std::make_unique<BlockRoom>();
  const FramesRead whole = read_frames(stream, *room);
  if (whole.frames) check_whole(*whole.frames, stream, *room, *other);
  std::size_t needed = 0;
  BlockWalk walk;
  bool is_over = false;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const FramesRead read = read_frames(stream.first(size), *other);
    // A walk that goes on says what a new one says.
    if (!is_over) {
      const FramesRead on = read_frames(stream.first(size), walk, *room);
      require(on.frames.has_value() == read.frames.has_value() && on.needed == read.needed);
      require(!on.frames ||
              (on.frames->size == read.frames->size && on.frames->skip == read.frames->skip &&
               same_block(*on.frames, *read.frames)));
      is_over = on.frames || on.frames.error() != FrameError::need_more;
    }
    if (!read.frames && read.frames.error() == FrameError::need_more) {
      require(read.needed > size);
      needed = std::max(needed, read.needed);
      continue;
    }
    require(size >= needed && read.frames.has_value() == whole.frames.has_value());
    if (!read.frames) {
      require(read.frames.error() == whole.frames.error());
      continue;
    }
    require(read.frames->size == whole.frames->size && read.frames->skip == whole.frames->skip);
    require(same_block(*read.frames, *whole.frames));
  }
}

void check_preface(Bytes stream) {
  const auto whole = parse_preface(stream);
  if (whole) require(as_text(stream.first(*whole)).ends_with(kPreface));
  PrefaceScan scan;
  bool is_over = false;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const auto read = parse_preface(stream.first(size));
    if (read) require(whole && *read == *whole);
    if (!is_over) {
      const auto on = parse_preface(stream.first(size), scan);
      require(on == read);
      is_over = read || (read.error() != PrefaceError::need_more && scan.line < size);
    }
    if (!read && read.error() == PrefaceError::malformed) {
      require(!whole && whole.error() == PrefaceError::malformed);
    }
  }
}

}  // namespace
}  // namespace sluice::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const sluice::Bytes stream = std::as_bytes(std::span(data, size));
  sluice::http2::check_preface(stream);
  sluice::http2::check_frames(stream);
  return 0;
}
