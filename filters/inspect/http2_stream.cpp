#include <algorithm>

#include "filters/http2/field_block.h"
#include "filters/http2/frames.h"
#include "filters/inspect/http_stream.h"
#include "filters/inspect/server_name.h"

namespace sluice::inspect {
namespace {

StreamReport unreadable_http2(ParseError error) noexcept {
  return {.progress = Progress::unreadable, .protocol = Protocol::http, .error = error};
}

StreamReport part(std::size_t consumed, std::uint64_t skip = 0) noexcept {
  return {.progress = Progress::message,
          .protocol = Protocol::http,
          .consumed = consumed,
          .skip = skip,
          .is_part = true};
}

// The distinct hosts of one block. Copied, because the next decoded value overwrites the last.
class Hosts {
 public:
  explicit Hosts(std::span<char> room) noexcept : room_(room) {}

  // `:authority` and `host` are hosts; a `:path` is one if it is absolute.
  void add(std::string_view value) noexcept {
    if (value.starts_with('/') || value == "*") return;
    if (++values_ > kMaxValues) return fail_with(ParseError::http_too_many_hosts);
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

  // Of one block, though they may all be equal: servers take one of each kind.
  static constexpr std::size_t kMaxValues = 16;

  std::span<char> room_;
  std::array<std::string_view, http::kMaxHosts> hosts_;
  std::size_t values_ = 0;
  std::size_t count_ = 0;
  ParseError error_ = ParseError::none;
};

StreamReport inspect_fields(Bytes block, http2::Entries& entries, Http2Scratch& scratch,
                            FindingList& findings) noexcept {
  Hosts hosts(scratch.hosts);
  const auto fields = http2::read_fields(block, entries, scratch.huffman,
                                         [&](std::string_view value) { hosts.add(value); });
  if (!fields) {
    return unreadable_http2(fields.error() == http2::FieldError::too_large
                                ? ParseError::http_too_large
                                : ParseError::http_malformed);
  }
  if (hosts.error() != ParseError::none) return unreadable_http2(hosts.error());
  for (const std::string_view host : hosts.all()) {
    if (!add_host(host, findings)) return unreadable_http2(ParseError::http_too_many_hosts);
  }
  StreamReport report = part(0);
  // It repeats a host that was judged when it came first: not a request without a name.
  report.is_part = hosts.all().empty() && fields->repeats_host;
  return report;
}

StreamReport report_of(const http2::FramesRead& read, InHttp2& in, Http2Scratch& scratch,
                       FindingList& findings) noexcept {
  if (!read.frames) {
    switch (read.frames.error()) {
      case http2::FrameError::need_more:
        return {.protocol = Protocol::http, .needed = read.needed};
      case http2::FrameError::malformed:
        return unreadable_http2(ParseError::http_malformed);
      case http2::FrameError::too_large:
        return unreadable_http2(ParseError::http_too_large);
    }
  }
  in.block = {};
  const http2::Frames& frames = *read.frames;
  if (!frames.block) return part(frames.size, frames.skip);
  StreamReport report = inspect_fields(*frames.block, in.entries, scratch, findings);
  if (report.progress == Progress::message) report.consumed = frames.size;
  return report;
}

}  // namespace

StreamReport begin_http2(Bytes stream, StreamState& state) noexcept {
  const auto preface = http2::parse_preface(stream, std::get<AtStart>(state.at).scan.preface);
  if (!preface) return unreadable_http2(ParseError::http_malformed);
  state.at = InHttp2{};
  return part(*preface);
}

StreamReport inspect_http2(Bytes stream, StreamState& state, Http2Scratch& scratch,
                           FindingList& findings) noexcept {
  auto& in = std::get<InHttp2>(state.at);
  const http2::FramesRead read = http2::read_frames(stream, in.block, scratch.block);
  StreamReport report = report_of(read, in, scratch, findings);
  report.examined = read.examined;
  if (read.frames) report.examined += read.frames->block.value_or(Bytes{}).size();
  return report;
}

}  // namespace sluice::inspect
