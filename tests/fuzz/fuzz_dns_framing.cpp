// Any stream: messages lie in it and behind each other, and joined they are the stream again; a cut
// tells how much it lacks; "no query stream" and "no response stream" are final; what is no query
// stream is no query of the kind that clients send, what is no response stream no response.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "filters/dns/framing.h"
#include "filters/dns/query.h"
#include "filters/dns/response.h"
#include "tests/fuzz/require.h"

namespace sluice::dns {
namespace {

using fuzz::lies_in;
using fuzz::require;

void check_messages(Bytes stream) {
  Bytes rest = stream;
  while (true) {
    const Framed framed = next_message(rest);
    if (!framed.complete) {
      require(framed.message.empty() && framed.consumed == 0 && framed.needed > rest.size());
      return;
    }
    require(framed.consumed == framed.message.size() + 2 && framed.consumed <= rest.size());
    require(lies_in(framed.message, rest));
    // No shorter stream has this message, and each knows or asks for no more than it takes.
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, framed.consumed - 1}) {
      const Framed cut = next_message(rest.first(size));
      require(!cut.complete && cut.needed > size && cut.needed <= framed.consumed);
    }
    rest = rest.subspan(framed.consumed);
  }
}

void check_may_be(Bytes stream) {
  bool before = true;
  QueryScan scan;
  std::size_t needed = 0;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const bool now = may_be_query_stream(stream.first(size));
    // A scan that goes on says what a new one says, and not before it said that it could.
    if (before && size >= needed) {
      const Look look = looks_like_query_stream(stream.first(size), scan);
      require((look.is != Detection::no) == now);
      if (look.is == Detection::maybe) needed = look.needed;
      if (look.is == Detection::yes) needed = stream.size() + 1;
      require(look.is != Detection::maybe || needed > size);
    } else if (before) {
      require(now);
    }
    require(before || !now);
    before = now;
  }
  const Framed framed = next_message(stream);
  if (!framed.complete) return;
  require(may_be_query_stream(stream.first(framed.consumed)) == before);
  // Flags, counts and length as clients send them, and readable: it may be a query.
  const auto query = std::make_unique<Query>();
  if (framed.message.size() < kHeaderBytes || !parse_query(framed.message, *query)) return;
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(framed.message[at]); };
  const bool plain_flags = (byte(2) & 0xfe) == 0 && (byte(3) & 0xef) == 0;
  bool plain_counts = byte(4) == 0 && byte(5) == 1 && byte(11) <= 1;
  for (std::size_t at = 6; at <= 10; ++at) plain_counts = plain_counts && byte(at) == 0;
  if (plain_flags && plain_counts) require(before);
}

void check_may_be_response(Bytes stream) {
  bool before = true;
  for (std::size_t size = 0; size <= std::min<std::size_t>(stream.size(), 8); ++size) {
    const bool now = may_be_response_stream(stream.first(size));
    require(before || !now);
    before = now;
  }
  require(may_be_response_stream(stream) == before);
  const Framed framed = next_message(stream);
  if (framed.complete && is_response(framed.message)) require(before);
}

}  // namespace
}  // namespace sluice::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto stream = std::as_bytes(std::span(data, size));
  sluice::dns::check_messages(stream);
  sluice::dns::check_may_be(stream);
  sluice::dns::check_may_be_response(stream);
  return 0;
}
