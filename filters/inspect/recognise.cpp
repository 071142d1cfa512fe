#include "filters/inspect/recognise.h"

#include <algorithm>
#include <limits>

#include "filters/base/detection.h"
#include "filters/dns/message.h"
#include "filters/http2/frames.h"
#include "filters/mmtls/hello.h"
#include "filters/quic/packet.h"
#include "filters/tls/dtls.h"
#include "filters/tls/record.h"

namespace sluice::inspect {
namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kTlsHeadBytes = tls::kRecordHeaderBytes + 1;

Look look_for_mmtls(Bytes stream) noexcept {
  Look look{.is = mmtls::looks_like_hello(stream), .needed = mmtls::kHelloHeadBytes};
  // From its second byte on nothing else looks like it.
  if (stream.size() < 2) look.needed = stream.size() + 1;
  look.examined = look.is == Detection::no ? 1 : std::min(stream.size(), mmtls::kHelloHeadBytes);
  return look;
}

Look look_for_proxy(Bytes stream, StreamScan& scan) noexcept {
  const proxy::HeadRead read = proxy::read_head(stream, scan.head);
  Look look{.is = Detection::yes, .needed = read.needed, .examined = read.examined};
  if (!read.head) {
    look.is = read.head.error() == proxy::HeadError::need_more ? Detection::maybe : Detection::no;
  }
  return look;
}

Look look_for_http2(Bytes stream, http2::PrefaceScan& scan) noexcept {
  const std::size_t before = std::size_t{scan.line} + scan.same;
  const auto preface = http2::parse_preface(stream, scan);
  Look look{.is = Detection::yes, .needed = stream.size() + 1};
  look.examined = std::min(scan.line + scan.same + std::size_t{1}, stream.size()) - before;
  if (!preface && preface.error() == http2::PrefaceError::need_more) look.is = Detection::maybe;
  if (!preface && preface.error() == http2::PrefaceError::not_preface) {
    // Empty lines alone may be in front of anything.
    look.is = scan.line == stream.size() ? Detection::maybe : Detection::no;
  }
  return look;
}

Look look_for_question(Bytes stream) noexcept {
  constexpr std::size_t kIdentifierAndFlags = 4, kAdditional = 2;
  if (stream.size() < dns::kHeadBytes) return {.is = Detection::maybe, .needed = dns::kHeadBytes};
  return {.is = dns::may_be_asked(stream) ? Detection::yes : Detection::no,
          .examined = dns::kHeadBytes - kIdentifierAndFlags - kAdditional};
}

Look look_for_idle_record(Bytes stream) noexcept {
  constexpr std::size_t kTypeAndMajor = 2;
  const Detection is = tls::find_idle_record(stream).is;
  const std::size_t read = is == Detection::maybe ? kTypeAndMajor : tls::kRecordHeaderBytes;
  return {.is = is, .needed = tls::kRecordHeaderBytes, .examined = std::min(stream.size(), read)};
}

Look look_for_tls(Bytes stream) noexcept {
  if (!tls::may_be_tls(stream)) return {.examined = 1};
  return {.is = Detection::maybe,
          .needed = stream.size() < kTlsHeadBytes ? stream.size() + 1 : kNever,
          .examined = std::min(stream.size(), kTlsHeadBytes)};
}

// One call of recognise_stream.
class Recogniser {
 public:
  Recogniser(Bytes stream, bool to_dns, StreamScan& scan) noexcept
      : stream_(stream), to_dns_(to_dns), scan_(scan) {}

  StreamGuess guess() noexcept {
    const Detection asked =
        !to_dns_ ? Detection::no
                 : note(StreamKind::contradictory, [&] { return look_for_question(stream_); });
    if (asked == Detection::maybe) return undecided();
    const Detection tls = note(StreamKind::tls, [&] { return look_for_tls(stream_); });
    const Detection idle =
        possible(tls) ? Detection::no
                      : note(StreamKind::tls_idle, [&] { return look_for_idle_record(stream_); });
    if (asked == Detection::yes) {
      const bool may_be_tls = possible(tls) || possible(idle);
      return decide(may_be_tls ? StreamKind::contradictory : StreamKind::dns);
    }
    const Detection dns =
        note(StreamKind::dns, [&] { return dns::looks_like_query_stream(stream_, scan_.query); });
    if (dns == Detection::yes) return decide(StreamKind::dns);
    const Detection http =
        note(StreamKind::http, [&] { return http::looks_like_request(stream_, scan_.method); });
    const Detection mmtls = note(StreamKind::mmtls, [&] { return look_for_mmtls(stream_); });
    const Detection proxy =
        note(StreamKind::proxy_head, [&] { return look_for_proxy(stream_, scan_); });
    const Detection http2 =
        note(StreamKind::http2, [&] { return look_for_http2(stream_, scan_.preface); });
    if (possible(dns)) return undecided();
    if (mmtls == Detection::yes) return decide(StreamKind::mmtls);
    if (proxy == Detection::yes) return decide(StreamKind::proxy_head);
    if (http2 == Detection::yes) return decide(StreamKind::http2);
    if (idle == Detection::yes) return decide(StreamKind::tls_idle);
    const bool others = possible(mmtls) || possible(proxy) || possible(http2) || possible(idle);
    if (others || (possible(tls) && possible(http))) return undecided();
    // The reader of TLS waits for its first bytes itself, and says exactly how many it lacks.
    if (possible(tls)) return decide(StreamKind::tls);
    if (http == Detection::yes) return decide(StreamKind::http);
    if (possible(http)) return undecided();
    return decide(to_dns_ ? StreamKind::dns : StreamKind::unknown);
  }

 private:
  static bool possible(Detection detection) noexcept { return detection != Detection::no; }

  template <typename LookFor>
  Detection note(StreamKind kind, LookFor look_for) noexcept {
    const auto bit = static_cast<std::uint16_t>(1U << static_cast<unsigned>(kind));
    if ((scan_.ruled_out & bit) != 0) return Detection::no;
    if ((scan_.certain & bit) != 0) return Detection::yes;
    const Look look = look_for();
    examined_ += look.examined;
    switch (look.is) {
      case Detection::no:
        scan_.ruled_out |= bit;
        break;
      case Detection::maybe:
        needed_ = std::min(needed_, look.needed);
        break;
      case Detection::yes:
        scan_.certain |= bit;
        break;
    }
    return look.is;
  }

  StreamGuess undecided() const noexcept { return {.needed = needed_, .examined = examined_}; }
  StreamGuess decide(StreamKind kind) noexcept {
    scan_.kind = kind;
    return {.kind = kind, .examined = examined_};
  }

  Bytes stream_;
  bool to_dns_;
  StreamScan& scan_;
  std::size_t needed_ = kNever;
  std::size_t examined_ = 0;
};

}  // namespace

StreamGuess recognise_stream(Bytes stream, bool to_dns, StreamScan& scan) noexcept {
  return Recogniser(stream, to_dns, scan).guess();
}

DatagramKind recognise_datagram(Bytes payload, bool to_dns, bool from_dns) noexcept {
  // No DNS message starts like a version of QUIC that we know: it would have 256 questions or more.
  const quic::Sight sight = quic::sight_of(payload);
  if (sight == quic::Sight::readable) return DatagramKind::quic;
  if (sight == quic::Sight::unreadable && !to_dns && !from_dns) {
    return DatagramKind::quic_unreadable;
  }
  // Nor like DTLS: it would have the operation code 15.
  if (tls::has_dtls_hello(payload)) return DatagramKind::dtls;
  if (to_dns && !dns::is_response(payload)) return DatagramKind::dns_question;
  return from_dns ? DatagramKind::dns_answer : DatagramKind::other;
}

}  // namespace sluice::inspect
