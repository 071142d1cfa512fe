#pragma once

// What must be remembered of a client's stream between two looks at it: a few words, by value. The
// bytes themselves are the caller's.
//
// A state says where the reader stands at the first byte that is not judged yet, and how far it has
// looked behind that byte (`scan`, `walk` and the like), so that no byte is searched twice.

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
  search,        // behind bytes of no protocol that we read, or a hello: does TLS begin here?
  lost,          // nobody can tell where the next message begins
};

struct AtStart {
  StreamScan scan;
  http::HeadScan head;   // scan.kind is http
  tls::HelloWalk hello;  // scan.kind is tls
};

struct InDns {};

struct InHttpFields {
  http::Framing framing;
  bool is_connect = false;  // the head of a CONNECT, which has no body
  http::HeadScan head{.in_fields = true};
};

struct AtHttpChunk {
  std::uint16_t seen = 0;  // bytes of its line
};

struct InHttpTrailer {
  bool in_line = false;  // inside a long line of no interest
  http::HeadScan head{.in_fields = true};
};

struct InHttp2 {
  http2::Entries entries;
  http2::BlockWalk block;
};

struct InSearch {
  static constexpr std::size_t kMaxHellos = 2;

  std::uint16_t searched = 0;  // bytes of the search that were given up
  std::uint16_t scanned = 0;   // bytes behind them in which no other hello begins
  std::uint8_t tries = 0;      // places that looked like a hello, and were none or are not whole
  std::uint8_t waiting = 0;    // those of them that are not whole, in order: the first of `hellos`
  std::uint8_t head = 0;       // bytes of the place at `scanned` that must be there to judge it
  bool behind_hello = false;   // one was found
  std::array<tls::HelloWalk, kMaxHellos> hellos;

  // The bytes so far may be the beginning of a hello.
  [[nodiscard]] bool is_under_way() const noexcept { return waiting > 0 || head > 0; }
};

struct IsLost {};

struct StreamState {
  std::variant<AtStart, InDns, InHttpFields, AtHttpChunk, InHttpTrailer, InHttp2, InSearch, IsLost>
      at;

  [[nodiscard]] Stage stage() const noexcept { return static_cast<Stage>(at.index()); }
};
static_assert(sizeof(StreamState) <= 48, "it lies in every flow");

}  // namespace sluice::inspect
