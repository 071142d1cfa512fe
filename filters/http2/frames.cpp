#include "filters/http2/frames.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::http2 {
namespace {

// RFC 9113 section 6: the type with fields, and those that a client may not send, or not
// everywhere.
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

FramesRead fail_with(FrameError error) noexcept {
  return {.frames = fail(error)};
}

FramesRead need(std::size_t bytes) noexcept {
  return {.needed = bytes};
}

// The fragment in a HEADERS frame.
std::optional<Bytes> fragment_of(Bytes payload, std::uint8_t flags) noexcept {
  ByteReader reader(payload);
  const std::size_t padding = (flags & kPadded) != 0 ? reader.u8() : 0;
  if ((flags & kPriority) != 0) reader.skip(kPriorityBytes);
  if (!reader.ok() || padding > reader.remaining()) return std::nullopt;
  return reader.take(reader.remaining() - padding);
}

// The fragments of a block, put together where there is more than one.
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
    std::ranges::copy(fragment, room_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += fragment.size();
  }

  BlockRoom& room_;
  Bytes first_;
  std::size_t count_ = 0;
  std::size_t size_ = 0;
};

// REQUIRES: `first` was read with `reader`.
FramesRead read_block(ByteReader reader, const FrameHeader& first, BlockRoom& room) noexcept {
  Pieces pieces(room);
  for (FrameHeader header = first;;) {
    const std::size_t end = reader.position() + header.length;
    if (end > kMaxBlock) return fail_with(FrameError::too_large);
    if (reader.remaining() < header.length) return need(end);
    const bool is_first = header.type == kHeaders;
    const Bytes payload = reader.take(header.length);
    const auto fragment = is_first ? fragment_of(payload, header.flags) : payload;
    if (!fragment) return fail_with(FrameError::malformed);
    pieces.add(*fragment);
    if ((header.flags & kEndHeaders) != 0) {
      return {.frames = Frames{.size = end, .block = pieces.whole()}};
    }
    if (reader.remaining() < kFrameHeaderBytes) return need(end + kFrameHeaderBytes);
    header = read_header(reader);
    if (header.type != kContinuation || header.stream != first.stream) {
      return fail_with(FrameError::malformed);
    }
  }
}

}  // namespace

Result<std::size_t, PrefaceError> parse_preface(Bytes stream) noexcept {
  constexpr std::string_view kFirstLine = kPreface.substr(0, kPreface.find('\n') + 1);
  const std::string_view all = as_text(stream);
  const std::size_t start = std::min(all.find_first_not_of("\r\n"), all.size());
  const std::string_view text = all.substr(start, kPreface.size());
  if (text.empty()) return fail(PrefaceError::not_preface);
  if (text == kPreface) return start + kPreface.size();
  if (kPreface.starts_with(text)) return fail(PrefaceError::need_more);
  return fail(text.starts_with(kFirstLine) ? PrefaceError::malformed : PrefaceError::not_preface);
}

FramesRead read_frames(Bytes stream, BlockRoom& room) noexcept {
  ByteReader reader(stream);
  const FrameHeader header = read_header(reader);
  if (!reader.ok()) return need(kFrameHeaderBytes);
  if (header.type == kHeaders && header.stream != 0) return read_block(reader, header, room);
  if (header.type == kHeaders || header.type == kPushPromise || header.type == kContinuation) {
    return fail_with(FrameError::malformed);
  }
  return {.frames = Frames{.size = kFrameHeaderBytes, .skip = header.length}};
}

}  // namespace sluice::http2
