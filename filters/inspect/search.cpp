#include "filters/inspect/search.h"

#include <algorithm>

#include "filters/inspect/server_name.h"
#include "filters/tls/search.h"

namespace sluice::inspect {
namespace {

// One call of search_hello.
class Search {
 public:
  Search(Bytes stream, InSearch& in, MutableBytes scratch, FindingList& findings) noexcept
      : stream_(stream), in_(in), scratch_(scratch), findings_(findings) {}

  StreamReport run() noexcept {
    try_waiting();
    while (!found_ && in_.scanned < end() && has_head()) {
      const tls::HelloPlace place = tls::find_client_hello(stream_, in_.scanned, end());
      examined_ += place.examined;
      in_.scanned = static_cast<std::uint16_t>(place.at);
      in_.head = 0;
      if (place.at == end()) break;
      if (!place.is_certain) {
        in_.head = static_cast<std::uint8_t>(place.needed - place.at);
        break;
      }
      if (in_.tries == InSearch::kMaxHellos) {
        return {.progress = Progress::unreadable,
                .protocol = Protocol::tls,
                .error = ParseError::tls_too_many_hellos,
                .examined = examined_};
      }
      ++in_.tries;
      ++in_.scanned;
      in_.hellos[in_.waiting] = tls::HelloWalk::from(place.at);
      if (try_hello(in_.hellos[in_.waiting])) ++in_.waiting;
    }
    return give_up_bytes();
  }

 private:
  // No hello begins at or behind this place.
  std::size_t end() const noexcept {
    return std::min(stream_.size(), kMaxSearch - std::min<std::size_t>(in_.searched, kMaxSearch));
  }

  bool has_head() const noexcept { return stream_.size() - in_.scanned >= in_.head; }

  // True: it is not whole.
  bool try_hello(tls::HelloWalk& walk) noexcept {
    if (stream_.size() - walk.at < walk.next) return true;
    const tls::HelloRead read = tls::read_client_hello(stream_, walk, scratch_);
    examined_ += read.examined;
    if (!read.hello) return read.hello.error() == tls::HelloError::need_more;
    --in_.tries;
    found_ = true;
    add_server_name(*read.hello, Protocol::tls, findings_);
    // No other begins inside of it.
    const std::size_t behind = std::min(read.consumed, end());
    if (behind <= in_.scanned) return false;
    in_.scanned = static_cast<std::uint16_t>(behind);
    in_.head = 0;
    return false;
  }

  // Findings of one look must not share scratch: another hello waits for the next look.
  void try_waiting() noexcept {
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < in_.waiting; ++i) {
      if (found_ || try_hello(in_.hellos[i])) in_.hellos[kept++] = in_.hellos[i];
    }
    in_.waiting = kept;
  }

  // In a shorter stream no hello is whole, and no other begins.
  std::size_t needed() const noexcept {
    std::size_t least = std::size_t{in_.scanned} + in_.head;
    for (std::uint8_t i = 0; i < in_.waiting; ++i) {
      least = std::min<std::size_t>(least, in_.hellos[i].at + in_.hellos[i].next);
    }
    return std::max(least, stream_.size() + 1);
  }

  // Bytes in front of the first place that is waited for cannot become a hello.
  StreamReport give_up_bytes() noexcept {
    const std::size_t kept_from =
        in_.waiting > 0 ? std::size_t{in_.hellos[0].at} : std::size_t{in_.scanned};
    in_.searched = static_cast<std::uint16_t>(in_.searched + kept_from);
    in_.scanned = static_cast<std::uint16_t>(in_.scanned - kept_from);
    for (std::uint8_t i = 0; i < in_.waiting; ++i) {
      in_.hellos[i].at = (in_.hellos[i].at - kept_from) & tls::HelloWalk::kMaxOffset;
    }
    StreamReport report{.consumed = kept_from, .examined = examined_};
    if (found_) {
      report.protocol = Protocol::tls;
      in_.behind_hello = true;
      in_.searched = 0;
    }
    if (kept_from > 0 || found_) {
      report.progress = Progress::message;
    } else {
      report.needed = needed();
    }
    const bool is_over = in_.searched + in_.scanned >= kMaxSearch && in_.waiting == 0;
    if (is_over && !found_) {
      return {.progress = Progress::unrecognised, .examined = examined_};
    }
    return report;
  }

  Bytes stream_;
  InSearch& in_;
  MutableBytes scratch_;
  FindingList& findings_;
  std::size_t examined_ = 0;
  bool found_ = false;  // a hello, in this look
};

}  // namespace

StreamReport search_hello(Bytes stream, StreamState& state, MutableBytes scratch,
                          FindingList& findings) noexcept {
  return Search(stream, std::get<InSearch>(state.at), scratch, findings).run();
}

}  // namespace sluice::inspect
