// Payloads to findings. The first byte chooses port and stage; the rest is a client's stream: one
// look at any prefix gives what it gives at the whole, or needs more. Read to its end in pieces, it
// gives the names that it gives as a whole, and the bytes looked at stay within their bound. The
// same bytes as a datagram: findings are bounded, and stand for the questions.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "filters/inspect/inspect.h"
#include "tests/fuzz/require.h"
#include "tests/support/stream_feeder.h"

namespace sluice::inspect {
namespace {

using fuzz::lies_in;
using fuzz::require;

struct Reader {
  Port port;
  StreamState begin;
  StreamState state;  // after the look
  Scratch scratch;
  FindingList findings;

  StreamReport read(Bytes stream) {
    findings.clear();
    state = begin;
    return inspect_stream(stream, port, state, scratch, findings);
  }
};

bool same(const FindingList& a, const FindingList& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Finding& x, const Finding& y) {
    return x.protocol == y.protocol && x.source == y.source && x.name == y.name && x.raw == y.raw &&
           x.qtype == y.qtype && x.has_ech == y.has_ech;
  });
}

void check_findings(const Reader& reader, Bytes stream) {
  for (const Finding& finding : reader.findings) {
    require(lies_in(finding.raw, stream) || lies_in(finding.raw, reader.scratch.handshake) ||
            lies_in(finding.raw, std::as_bytes(std::span(reader.scratch.http2.hosts))));
    require((finding.protocol == Protocol::dns) == (finding.source == Source::question));
    require((finding.source != Source::question && finding.source != Source::signature) ||
            finding.raw.empty());
    const auto canonical = name::Name::from_wire(finding.name.wire());
    require(canonical && *canonical == finding.name);
  }
}

void check_report(const StreamReport& report, const FindingList& findings, std::size_t size) {
  const bool judged = report.progress == Progress::message || report.progress == Progress::finished;
  require(judged || findings.size() == 0);
  require(report.consumed <= size);
  require(report.consumed > 0 || findings.size() > 0 || !judged);
  require((report.progress == Progress::unreadable) == (report.error != ParseError::none));
  require(report.error == ParseError::none || report.protocol == protocol_of(report.error));
  if (report.progress == Progress::need_more) require(report.needed > size);
}

bool begins_in_line(const StreamState& state) {
  const auto* const fields = std::get_if<InHttpFields>(&state.at);
  const auto* const trailer = std::get_if<InHttpTrailer>(&state.at);
  return (fields != nullptr && fields->framing.in_line) || (trailer != nullptr && trailer->in_line);
}

void check_stream(Reader& whole, Reader& pieces, Bytes stream) {
  const StreamReport expected = whole.read(stream);
  const bool searched = whole.state.stage() == Stage::search;
  check_report(expected, whole.findings, stream.size());
  check_findings(whole, stream);
  std::size_t needed = 0;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const StreamReport report = pieces.read(stream.first(size));
    check_report(report, pieces.findings, size);
    check_findings(pieces, stream.first(size));
    if (report.progress == Progress::need_more) {
      needed = std::max(needed, report.needed);
      continue;
    }
    // A search goes as far as there are bytes; so does a line of no interest.
    if (searched || begins_in_line(whole.begin)) continue;
    require(size >= needed || report.progress == Progress::unreadable ||
            report.progress == Progress::unrecognised);
    require(report.progress == expected.progress && report.protocol == expected.protocol &&
            report.error == expected.error);
    require(same(pieces.findings, whole.findings));
    require(report.consumed == std::min(expected.consumed, size));
  }
}

void check_work(const test::StreamFeeder& feeder, std::size_t received) {
  require(feeder.examined() <= kMaxExamined * received);
}

void check_to_the_end(const Reader& reader, Bytes stream, std::size_t step) {
  test::StreamFeeder whole(reader.port.number, reader.begin);
  test::StreamFeeder pieces(reader.port.number, reader.begin);
  whole.feed(stream);
  check_work(whole, stream.size());
  for (std::size_t size = 0; size < stream.size() && !pieces.over();) {
    size = std::min(size + step, stream.size());
    pieces.feed(stream.first(size));
    check_work(pieces, size);
  }
  // In a search, hellos inside of one that is waited for are found when they are whole.
  if (whole.stage() == Stage::search || pieces.stage() == Stage::search) return;
  require(whole.names() == pieces.names());
  // Who waits for as many bytes as a hello lacks does not look at those that came: a record behind
  // them that is none is seen later.
  const bool waits = !pieces.over() && whole.error() != ParseError::none &&
                     protocol_of(whole.error()) == Protocol::tls;
  require(waits || (whole.error() == pieces.error() && whole.over() == pieces.over()));
}

void check_datagram(Reader& reader, Bytes payload) {
  reader.findings.clear();
  const DatagramReport report =
      inspect_datagram(payload, reader.port, reader.scratch, reader.findings);
  require(report.progress == Progress::finished || reader.findings.size() == 0);
  require(report.progress != Progress::finished ||
          (reader.port == kDnsPort && reader.findings.size() == reader.scratch.query.count));
  check_findings(reader, payload);
}

void check(Bytes input) {
  if (input.empty()) return;
  const auto choice = std::to_integer<unsigned>(input[0]);
  const bool in_line = choice / 16 % 2 == 1;
  const StreamState kBegins[] = {{},
                                 {InDns{}},
                                 {InHttpFields{.framing = {.in_line = in_line}}},
                                 {AtHttpChunk{}},
                                 {InHttpTrailer{.in_line = in_line}},
                                 {InSearch{}},
                                 {IsLost{}},
                                 {InHttp2{}}};
  const auto whole = std::make_unique<Reader>();
  const auto pieces = std::make_unique<Reader>();
  for (Reader* const reader : {whole.get(), pieces.get()}) {
    reader->port = choice % 2 == 0 ? Port{443} : kDnsPort;
    reader->begin = kBegins[choice / 2 % std::size(kBegins)];
  }
  check_stream(*whole, *pieces, input.subspan(1));
  for (const std::size_t step : std::array<std::size_t, 3>{1, 3, 40})
    check_to_the_end(*whole, input.subspan(1), step);
  check_datagram(*whole, input.subspan(1));
}

}  // namespace
}  // namespace sluice::inspect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::inspect::check(std::as_bytes(std::span(data, size)));
  return 0;
}
