#include <algorithm>

#include "filters/http2/field_block.h"
#include "filters/http2/frames.h"
#include "filters/inspect/http_stream.h"

namespace sluice::inspect {
namespace {

StreamReport unreadable_http2(ParseError error) noexcept {
  return {.progress = Progress::unreadable, .protocol = Protocol::http, .error = error};
}

StreamReport wait_for_http2(std::size_t needed) noexcept {
  return {.protocol = Protocol::http, .needed = needed};
}

StreamReport part(std::size_t consumed, std::uint64_t skip = 0) noexcept {
  return {.progress = Progress::message,
          .protocol = Protocol::http,
          .consumed = consumed,
          .skip = skip,
          .is_part = true};
}

// The distinct hosts of one block, copied: a decoded value is gone when the next one is decoded.
class Hosts {
 public:
  explicit Hosts(std::span<char> room) noexcept : room_(room) {}

  // `:authority` and `host` are a host; a `:path` is one where it is absolute.
  void add(std::string_view value) noexcept {
    if (value.starts_with('/') || value == "*") return;
    const std::string_view host = http::trim(http::authority_of(value).value_or(value));
    if (std::ranges::any_of(all(), [&](auto known) { return equal_ignoring_case(known, host); })) {
      return;
    }
    if (count_ == hosts_.size()) return fail_with(ParseError::http_too_many_hosts);
    if (host.size() > room_.size()) return fail_with(ParseError::http_too_large);
    std::ranges::copy(host, room_.begin());
    hosts_[count_++] = std::string_view(room_.data(), host.size());
    room_ = room_.subspan(host.size());
  }
  [[nodiscard]] std::span<const std::string_view> all() const noexcept {
    return std::span(hosts_).first(count_);
  }
  [[nodiscard]] ParseError error() const noexcept { return error_; }

 private:
  void fail_with(ParseError error) noexcept {
    if (error_ == ParseError::none) error_ = error;
  }

  std::span<char> room_;
  std::array<std::string_view, http::kMaxHosts> hosts_;
  std::size_t count_ = 0;
  ParseError error_ = ParseError::none;
};

StreamReport inspect_fields(Bytes block, StreamState& state, Http2Scratch& scratch,
                            FindingList& findings) noexcept {
  Hosts hosts(scratch.hosts);
  const auto fields = http2::read_fields(block, state.entries, scratch.huffman,
                                         [&](std::string_view value) { hosts.add(value); });
  if (!fields) return unreadable_http2(ParseError::http_malformed);
  if (hosts.error() != ParseError::none) return unreadable_http2(hosts.error());
  for (const std::string_view host : hosts.all()) add_host(host, findings);
  StreamReport report = part(0);
  // A host that was named before, and judged: not a request without a name.
  report.is_part = hosts.all().empty() && fields->repeats_host;
  return report;
}

}  // namespace

std::optional<StreamReport> begin_http2(Bytes stream, StreamState& state) noexcept {
  const auto preface = http2::parse_preface(stream);
  if (preface) {
    state = {.stage = Stage::http2};
    return part(*preface);
  }
  switch (preface.error()) {
    case http2::PrefaceError::need_more:
      return wait_for_http2(stream.size() + 1);
    case http2::PrefaceError::malformed:
      return unreadable_http2(ParseError::http_malformed);
    case http2::PrefaceError::not_preface:
      break;
  }
  return std::nullopt;
}

StreamReport inspect_http2(Bytes stream, StreamState& state, Http2Scratch& scratch,
                           FindingList& findings) noexcept {
  const http2::FramesRead read = http2::read_frames(stream, scratch.block);
  if (!read.frames) {
    switch (read.frames.error()) {
      case http2::FrameError::need_more:
        return wait_for_http2(read.needed);
      case http2::FrameError::malformed:
        return unreadable_http2(ParseError::http_malformed);
      case http2::FrameError::too_large:
        return unreadable_http2(ParseError::http_too_large);
    }
  }
  const http2::Frames& frames = *read.frames;
  if (!frames.block) return part(frames.size, frames.skip);
  StreamReport report = inspect_fields(*frames.block, state, scratch, findings);
  if (report.progress == Progress::message) report.consumed = frames.size;
  return report;
}

}  // namespace sluice::inspect
