#include "filters/http2/frames.h"

#include "filters/base/byte_reader.h"

namespace sluice::http2 {
namespace {

// RFC 9113 section 6: the types that carry fields, and those that a client may not send here.
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kPushPromise = 5;
constexpr std::uint8_t kContinuation = 9;

constexpr std::uint8_t kEndHeaders = 0x04;
constexpr std::uint8_t kPadded = 0x08;
constexpr std::uint8_t kPriority = 0x20;
constexpr std::size_t kPriorityBytes = 5;
constexpr std::uint32_t kStreamMask = 0x7fffffffU;

struct FrameHeader {
  std::uint32_t length = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
};

FrameHeader read_header(ByteReader& reader) noexcept {
  FrameHeader header;
  header.length = reader.u24();
  header.type = reader.u8();
  header.flags = reader.u8();
  header.stream = reader.u32() & kStreamMask;
  return header;
}

// The fragment in a HEADERS frame.
std::optional<Bytes> fragment_of(Bytes payload, std::uint8_t flags) noexcept {
  ByteReader reader(payload);
  const std::size_t padding = (flags & kPadded) != 0 ? reader.u8() : 0;
  if ((flags & kPriority) != 0) reader.skip(kPriorityBytes);
  if (!reader.ok() || padding > reader.remaining()) return std::nullopt;
  return reader.take(reader.remaining() - padding);
}

// The fragments of a block; joined if there are several.
class Pieces {
 public:
  explicit Pieces(BlockRoom& room) noexcept : room_(room) {}

  // REQUIRES: all fragments together fit in the room.
  void add(Bytes fragment) noexcept {
    if (count_++ == 0) {
      first_ = fragment;
      return;
    }
    if (count_ == 2) append(first_);
    append(fragment);
  }
  [[nodiscard]] Bytes whole() const noexcept {
    return count_ > 1 ? Bytes(room_).first(size_) : first_;
  }

 private:
  void append(Bytes fragment) noexcept {
    copy_bytes(fragment, MutableBytes(room_).subspan(size_));
    size_ += fragment.size();
  }

  BlockRoom& room_;
  Bytes first_;
  std::size_t count_ = 0;
  std::size_t size_ = 0;
};

// Joins the fragments of the frames at the start of the stream. REQUIRES: all of them are there and
// good.
Bytes join(Bytes frames, BlockRoom& room) noexcept {
  Pieces pieces(room);
  for (ByteReader reader(frames); reader.remaining() > 0;) {
    const FrameHeader header = read_header(reader);
    const Bytes payload = reader.take(header.length);
    pieces.add(header.type == kHeaders ? fragment_of(payload, header.flags).value_or(Bytes{})
                                       : payload);
  }
  return pieces.whole();
}

// One call of read_frames, where the stream begins with HEADERS.
class BlockReader {
 public:
  BlockReader(Bytes stream, BlockWalk& walk) noexcept
      : stream_(stream), walk_(walk), reader_(stream), first_(read_header(reader_)) {}

  FramesRead read(BlockRoom& room) noexcept {
    while (stream_.size() - walk_.next >= kFrameHeaderBytes) {
      reader_ = ByteReader(stream_.subspan(walk_.next));
      const FrameHeader header = read_header(reader_);
      examined_ += kFrameHeaderBytes;
      const bool is_first = walk_.next == 0;
      if (!is_first && (header.type != kContinuation || header.stream != first_.stream)) {
        return end(FrameError::malformed);
      }
      const std::size_t frame_end = walk_.next + kFrameHeaderBytes + header.length;
      if (frame_end > kMaxBlock || walk_.frames == kMaxFrames) return end(FrameError::too_large);
      if (stream_.size() < frame_end) return need(frame_end);
      if (is_first && !fragment_of(reader_.take(header.length), header.flags)) {
        return end(FrameError::malformed);
      }
      walk_.next = static_cast<std::uint32_t>(frame_end);
      ++walk_.frames;
      if ((header.flags & kEndHeaders) == 0) continue;
      return {.frames = Frames{.size = frame_end, .block = join(stream_.first(frame_end), room)},
              .examined = examined_ + frame_end};
    }
    return need(walk_.next + kFrameHeaderBytes);
  }

 private:
  FramesRead end(FrameError error) const noexcept {
    return {.frames = fail(error), .examined = examined_};
  }
  FramesRead need(std::size_t bytes) const noexcept {
    return {.needed = bytes, .examined = examined_};
  }

  Bytes stream_;
  BlockWalk& walk_;
  ByteReader reader_;
  FrameHeader first_;
  std::size_t examined_ = kFrameHeaderBytes;
};

}  // namespace

Result<std::size_t, PrefaceError> parse_preface(Bytes stream, PrefaceScan& scan) noexcept {
  constexpr std::size_t kFirstLine = kPreface.find('\n') + 1;
  constexpr std::size_t kMaxEmptyLines = 0xffff;
  const std::string_view all = as_text(stream);
  while (scan.same == 0 && scan.line < all.size() && scan.line < kMaxEmptyLines &&
         (all[scan.line] == '\r' || all[scan.line] == '\n')) {
    ++scan.line;
  }
  const std::string_view text = all.substr(scan.line, kPreface.size());
  if (text.empty()) return fail(PrefaceError::not_preface);
  while (scan.same < text.size() && text[scan.same] == kPreface[scan.same]) ++scan.same;
  if (scan.same == kPreface.size()) return scan.line + kPreface.size();
  if (scan.same == text.size()) return fail(PrefaceError::need_more);
  return fail(scan.same < kFirstLine ? PrefaceError::not_preface : PrefaceError::malformed);
}

FramesRead read_frames(Bytes stream, BlockWalk& walk, BlockRoom& room) noexcept {
  ByteReader reader(stream);
  const FrameHeader header = read_header(reader);
  if (!reader.ok()) return {.needed = kFrameHeaderBytes};
  if (header.type == kHeaders && header.stream != 0) return BlockReader(stream, walk).read(room);
  if (header.type == kHeaders || header.type == kPushPromise || header.type == kContinuation) {
    return {.frames = fail(FrameError::malformed), .examined = kFrameHeaderBytes};
  }
  return {.frames = Frames{.size = kFrameHeaderBytes, .skip = header.length},
          .examined = kFrameHeaderBytes};
}

}  // namespace sluice::http2
