#pragma once

// What must be remembered of a client's stream between two looks at it: a few words, by value. The
// bytes themselves are the caller's.
//
// A state says where the reader stands at the first byte that is not judged yet, and how far it has
// looked behind that byte (`scan`, `walk` and the like), so that no byte is searched twice. Two
// states are equal if they stand at the same place; how far they have looked does not count.

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "filters/http/request.h"
#include "filters/http2/field_block.h"
#include "filters/http2/frames.h"
#include "filters/inspect/recognise.h"
#include "filters/tls/record.h"

namespace sluice::inspect {

// The names of the alternatives of StreamState, in their order.
enum class Stage : std::uint8_t {
  start,         // of a stream, or of anything behind a whole message
  dns,           // messages of DNS, one behind the other
  http_fields,   // inside a head that is longer than what is read at once
  http_chunk,    // where a chunk of a body begins
  http_trailer,  // behind the last chunk
  http2,         // where a frame begins
  search,        // behind bytes of no protocol that we read: does TLS begin here?
  lost,          // nobody can tell where the next message begins
};

struct AtStart {
  StreamScan scan;
  http::HeadScan head;   // scan.kind is http
  tls::HelloWalk hello;  // scan.kind is tls
  friend bool operator==(const AtStart&, const AtStart&) noexcept { return true; }
};

struct InDns {
  friend bool operator==(const InDns&, const InDns&) noexcept { return true; }
};

struct InHttpFields {
  http::Framing framing;
  bool is_connect = false;  // the head of a CONNECT, which has no body
  http::HeadScan head{.in_fields = true};
  friend bool operator==(const InHttpFields& a, const InHttpFields& b) noexcept {
    return a.framing == b.framing && a.is_connect == b.is_connect;
  }
};

struct AtHttpChunk {
  std::uint16_t seen = 0;  // bytes of its line
  friend bool operator==(const AtHttpChunk&, const AtHttpChunk&) noexcept { return true; }
};

struct InHttpTrailer {
  bool in_line = false;  // inside a long line of no interest
  http::HeadScan head{.in_fields = true};
  friend bool operator==(const InHttpTrailer& a, const InHttpTrailer& b) noexcept {
    return a.in_line == b.in_line;
  }
};

struct InHttp2 {
  http2::Entries entries;
  http2::BlockWalk block;
  friend bool operator==(const InHttp2& a, const InHttp2& b) noexcept {
    return a.entries == b.entries;
  }
};

struct InSearch {
  static constexpr std::size_t kMaxHellos = 2;

  std::uint16_t searched = 0;  // bytes of the search that were given up
  std::uint16_t scanned = 0;   // bytes behind them in which no other hello begins
  std::uint8_t tries = 0;      // places that looked like a hello, and were none or are not whole
  std::uint8_t waiting = 0;    // those of them that are not whole, in order: the first of `hellos`
  std::uint8_t head = 0;       // bytes of the place at `scanned` that must be there to judge it
  std::array<tls::HelloWalk, kMaxHellos> hellos;
  friend bool operator==(const InSearch& a, const InSearch& b) noexcept {
    return a.searched == b.searched;
  }
};

struct IsLost {
  friend bool operator==(const IsLost&, const IsLost&) noexcept { return true; }
};

struct StreamState {
  std::variant<AtStart, InDns, InHttpFields, AtHttpChunk, InHttpTrailer, InHttp2, InSearch, IsLost>
      at;

  [[nodiscard]] Stage stage() const noexcept { return static_cast<Stage>(at.index()); }
  // The same place, with nothing behind it looked at: for a stream whose bytes there may differ.
  [[nodiscard]] StreamState rewound() const noexcept;

  friend bool operator==(const StreamState&, const StreamState&) = default;
};
static_assert(sizeof(StreamState) <= 48, "it lies in every flow");

}  // namespace sluice::inspect
