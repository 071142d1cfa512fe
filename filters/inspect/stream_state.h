#pragma once

// What of a client's stream has to be remembered between two looks at it: a few words, by value.
// Says where the reader stands; the bytes themselves are the caller's.

#include <cstdint>

#include "filters/http/request.h"
#include "filters/http2/field_block.h"

namespace sluice::inspect {

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

struct StreamState {
  Stage stage = Stage::start;
  bool is_connect = false;     // http_fields: of a CONNECT, which has no body
  std::uint32_t searched = 0;  // search: bytes that were looked through
  http::Framing framing;       // http_fields
  http2::Entries entries;      // http2

  friend bool operator==(const StreamState&, const StreamState&) = default;
};

}  // namespace sluice::inspect
