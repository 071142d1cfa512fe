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
// Input: a client's stream. Output: a view into it, or into `room` if a block comes in several
// frames. Pure: no allocation, no exceptions. Bound: kMaxFrames of kMaxBlock bytes for one field
// block; the payload of other frames is not read, however long.
// Strict about the order of frames and their padding: servers close the connection on errors.

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

// Where parse_preface stopped.
struct PrefaceScan {
  std::uint16_t line = 0;  // empty lines in front end here
  std::uint16_t same = 0;  // bytes behind it that are those of a preface
};

// The bytes up to the first frame. Empty lines in front are read over, as HAProxy does. Reads on
// from where the scan stopped: each byte once.
[[nodiscard]] Result<std::size_t, PrefaceError> parse_preface(Bytes stream,
                                                              PrefaceScan& scan) noexcept;
// The same in one call.
[[nodiscard]] inline Result<std::size_t, PrefaceError> parse_preface(Bytes stream) noexcept {
  PrefaceScan scan;
  return parse_preface(stream, scan);
}

enum class FrameError : std::uint8_t {
  need_more,
  malformed,  // a frame that no server accepts from a client here
  too_large,  // a field block in over kMaxFrames frames, or of over kMaxBlock bytes with them
};

inline constexpr std::size_t kFrameHeaderBytes = 9;
// The largest frame that every server accepts (RFC 9113 section 4.2).
inline constexpr std::size_t kMaxBlock = kFrameHeaderBytes + 16 * 1024;
inline constexpr std::size_t kMaxFrames = 256;  // servers take from 8 on
using BlockRoom = std::array<std::byte, kMaxBlock>;

struct Frames {
  std::size_t size = 0;        // bytes that were read
  std::uint32_t skip = 0;      // bytes behind them that name nothing
  std::optional<Bytes> block;  // of fields, in one piece
};

struct FramesRead {
  Result<Frames, FrameError> frames = fail(FrameError::need_more);
  std::size_t needed = 0;    // need_more: a shorter stream gives the same answer
  std::size_t examined = 0;  // bytes that this call looked at
};

// Where reading of a field block stopped: offset of the first frame that was not whole.
struct BlockWalk {
  std::uint32_t next = 0;
  std::uint16_t frames = 0;  // in front of it
};

// Continues where the call before stopped, so that each frame's header is read once or twice.
[[nodiscard]] FramesRead read_frames(Bytes stream, BlockWalk& walk, BlockRoom& room) noexcept;
// The same in one call.
[[nodiscard]] inline FramesRead read_frames(Bytes stream, BlockRoom& room) noexcept {
  BlockWalk walk;
  return read_frames(stream, walk, room);
}

}  // namespace sluice::http2
