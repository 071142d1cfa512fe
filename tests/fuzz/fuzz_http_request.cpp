// Any stream: views lie in it, bounds hold, "no request" is final, a prefix needs more or says what
// the whole says; and a head written from the answer gives that answer.

#include <cstdint>
#include <span>
#include <string>

#include "filters/http/request.h"
#include "tests/fuzz/require.h"

namespace sluice::http {
namespace {

using fuzz::lies_in;
using fuzz::require;
using Read = Result<Request, RequestError>;

bool same_hosts(const Request& a, const Request& b) {
  if (a.host_count != b.host_count) return false;
  for (std::size_t i = 0; i < a.host_count; ++i) {
    if (a.hosts[i] != b.hosts[i]) return false;
  }
  return true;
}

bool same(const Read& a, const Read& b) {
  if (!a || !b) return !a && !b && a.error() == b.error();
  return a->method == b->method && a->target == b->target && same_hosts(*a, *b) &&
         a->head_size == b->head_size && a->is_whole == b->is_whole && a->framing == b->framing &&
         a->upgrades_to_mmtls == b->upgrades_to_mmtls;
}

bool needs_more(const Read& read) {
  return !read && read.error() == RequestError::need_more;
}

void check_whole(Bytes stream, const Request& request) {
  require(request.host_count <= kMaxHosts);
  require(request.head_size > 0 && request.head_size <= stream.size());
  require(request.head_size <= kMaxHead && !request.framing.in_line);
  require(!request.method.empty() && !request.target.empty());
  require(lies_in(request.method, stream) && lies_in(request.target, stream));
  for (std::size_t i = 0; i < request.host_count; ++i) {
    const std::string_view host = request.hosts[i];
    require(lies_in(host, stream) && lies_in(without_port(host), as_bytes(host)));
    for (std::size_t other = 0; other < i; ++other) {
      require(!equal_ignoring_case(request.hosts[other], host));
    }
  }

  // Written anew: the same hosts, now all in fields. (Those of a target come last, as before.)
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < request.host_count; ++i) {
    head.append("Host: ").append(request.hosts[i]).append("\r\n");
  }
  head += "\r\n";
  const Read again = parse_request(as_bytes(head));
  require(again && same_hosts(*again, request) && again->head_size == head.size());
}

// What goes on behind a head that was cut: it never stands still, and stays in its bounds.
void check_fields(Bytes stream) {
  for (const bool in_line : {false, true}) {
    const Read read = continue_request(stream, {.in_line = in_line});
    if (!read) continue;
    require(read->head_size > 0 && read->head_size <= stream.size());
    require(read->head_size <= kMaxHead && read->host_count <= kMaxHosts);
    for (std::size_t i = 0; i < read->host_count; ++i) require(lies_in(read->hosts[i], stream));
  }
}

// A head is parsed when its end was found, and says all that it has to say then.
void check_end(Bytes stream) {
  if (!may_be_request(stream)) return;
  MethodScan method;
  static_cast<void>(looks_like_request(stream, method));
  HeadScan scan{.next = method.line};
  bool is_request = true;
  for (std::size_t size = scan.next; size <= stream.size(); ++size) {
    const Bytes prefix = stream.first(size);
    HeadEvent event = find_head_end(prefix, scan);
    if (event == HeadEvent::request_line) {
      is_request = is_request_line(prefix);
      require(is_request || parse_request(prefix).error() == RequestError::not_http);
      if (!is_request) return;
      event = find_head_end(prefix, scan);
    }
    const Read read = parse_request(prefix);
    if (event == HeadEvent::part) {
      const Read part =
          parse_request(prefix.first(scan.line), {.line = method.line, .is_part = true});
      require(part ? !part->is_whole && part->head_size == scan.line
                   : part.error() == RequestError::too_many_hosts);
      return;
    }
    if (event == HeadEvent::need_more) {
      require(needs_more(read) || (!read && read.error() == RequestError::too_many_hosts));
      continue;
    }
    require(!needs_more(read));
    if (read && read->is_whole) require(event == HeadEvent::end && read->head_size == scan.next);
    return;
  }
}

void check(Bytes stream) {
  check_end(stream);
  check_fields(stream);
  const Read whole = parse_request(stream);
  if (whole) check_whole(stream, *whole);
  bool may_be = true;
  bool decided = false;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const Bytes prefix = stream.first(size);
    const bool still_may_be = may_be_request(prefix);
    require(may_be || !still_may_be);
    may_be = still_may_be;
    const Read read = parse_request(prefix);
    require(may_be || (!read && read.error() == RequestError::not_http));
    require(needs_more(read) ? !decided : same(read, whole));
    decided = !needs_more(read);
  }
}

}  // namespace
}  // namespace sluice::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::http::check(std::as_bytes(std::span(data, size)));
  return 0;
}
