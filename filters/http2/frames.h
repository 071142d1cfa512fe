#pragma once

// What a client sends on an HTTP/2 connection (RFC 9113): the preface (section 3.4), then frames
// (section 4.1). One call reads one frame, or a field block with all the frames that it spans
// (sections 4.3, 6.2, 6.10):
//
//   | length 24 | type 8 | flags 8 | stream 32 | payload … |
//   `-------------- size ----------------------' `- skip     DATA, SETTINGS and all other frames
//
//   | header | [pad] [priority] fragment [padding] | header | fragment | …     HEADERS and its
//   `------------------------------ size --------------------------------'     CONTINUATIONs
//
// Input: a client's stream. Output: a view into it, or into `room` where a block is in pieces.
// Pure: no allocation, no exceptions. Bound: kMaxBlock bytes of frames with one field block; the
// payload of other frames is as long as it likes, and is not looked at.
// Strict where frames are out of order or their padding does not fit: servers close the connection,
// and what one that does not would read, nobody can tell.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::http2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class PrefaceError : std::uint8_t {
  need_more,    // what is there is the start of a preface
  not_preface,  // some other protocol
  malformed,    // its first line, and then something else
};

// The bytes up to the first frame. Empty lines in front are read over, as HAProxy does.
[[nodiscard]] Result<std::size_t, PrefaceError> parse_preface(Bytes stream) noexcept;

enum class FrameError : std::uint8_t {
  need_more,
  malformed,  // a frame that no server takes from a client here
  too_large,  // a field block in frames of over kMaxBlock bytes
};

inline constexpr std::size_t kFrameHeaderBytes = 9;
// A frame of the greatest size that every server takes (RFC 9113 section 4.2).
inline constexpr std::size_t kMaxBlock = kFrameHeaderBytes + 16 * 1024;
using BlockRoom = std::array<std::byte, kMaxBlock>;

struct Frames {
  std::size_t size = 0;        // bytes that were read
  std::uint32_t skip = 0;      // bytes behind them that say nothing
  std::optional<Bytes> block;  // of fields, in one piece
};

struct FramesRead {
  Result<Frames, FrameError> frames = fail(FrameError::need_more);
  std::size_t needed = 0;  // need_more: a stream that is shorter tells no more
};

[[nodiscard]] FramesRead read_frames(Bytes stream, BlockRoom& room) noexcept;

}  // namespace sluice::http2
