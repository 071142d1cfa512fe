// A DTLS hello in fragments, records and datagrams that servers reassemble.

#include "tests/evasion/cases.h"
#include "tests/support/dtls_builder.h"

namespace sluice::evasion {
namespace {

using test::dtls_fragment;
using test::dtls_record;
using test::joined;

ByteVector part(const ByteVector& body, std::size_t from, std::size_t to) {
  return dtls_record(dtls_fragment(body, from, to - from));
}

Scripts whole_hello(const Payload& payload) {
  const ByteVector& body = payload.stream;
  Scripts scripts;
  for (const test::DtlsRecord& record :
       {test::DtlsRecord{.version = 0xfeff}, {.version = 0xfefd}, {.version = 0xfefc}}) {
    scripts.push_back(Script().datagram(dtls_record(dtls_fragment(body, 0, body.size()), record)));
  }
  return scripts;
}

Scripts in_fragments(const Payload& payload) {
  const ByteVector& body = payload.stream;
  const std::size_t end = body.size();
  Scripts scripts;
  for (const std::size_t cut : cuts_of(payload)) {
    scripts.push_back(Script().datagram(part(body, 0, cut)).datagram(part(body, cut, end)));
    scripts.push_back(Script().datagram(part(body, cut, end)).datagram(part(body, 0, cut)));
  }
  return scripts;
}

Scripts in_one_datagram(const Payload& payload) {
  const ByteVector& body = payload.stream;
  const std::size_t cut = payload.name_at + 4, end = body.size();
  const ByteVector first = dtls_fragment(body, 0, cut),
                   second = dtls_fragment(body, cut, end - cut);
  return {Script().datagram(dtls_record(joined({first, second}))),
          Script().datagram(dtls_record(joined({second, first}))),
          Script().datagram(joined({dtls_record(second), dtls_record(first)}))};
}

Scripts overlapping_fragments(const Payload& payload) {
  const ByteVector &body = payload.stream, &decoy = payload.decoy;
  const std::size_t from = payload.name_at - 4, to = payload.name_end, end = body.size();
  const ByteVector head = part(body, 0, from), tail = part(body, to, end);
  return {
      Script()
          .datagram(part(decoy, from, to))
          .datagram(part(body, from, to))
          .datagram(joined({head, tail})),
      Script()
          .datagram(part(body, from, to))
          .datagram(part(decoy, from, to))
          .datagram(joined({tail, head})),
      Script().datagram(joined({part(decoy, from, to), head, tail})).datagram(part(body, from, to)),
      Script().datagram(part(body, 0, to)).datagram(part(decoy, 0, end))};
}

// The second hello, with a cookie, after a HelloVerifyRequest.
Scripts second_hello(const Payload& payload) {
  const ByteVector again = test::dtls_hello(payload.name, "the server's cookie");
  return {Script()
              .datagram(part(payload.decoy, 0, payload.decoy.size()))
              .datagram(dtls_record(dtls_fragment(again, 0, again.size(), {.number = 1})))};
}

Scripts behind_other_records(const Payload& payload) {
  const ByteVector hello = part(payload.stream, 0, payload.stream.size());
  const ByteVector alert = dtls_record(test::byte_vector("\x01\x5a"), {.type = 21});
  const ByteVector sealed = dtls_record(test::byte_vector("sealed"), {.epoch = 1});
  return {Script().datagram(joined({alert, hello})), Script().datagram(joined({sealed, hello})),
          Script().datagram(joined({hello, test::byte_vector("junk")}))};
}

}  // namespace

std::span<const Case> dtls_cases() {
  static const std::vector<Case> cases{
      {"dtls_plain", "one datagram, three versions", {Kind::dtls}, whole_hello},
      {"dtls_split", "two fragments, cut at every byte, both orders", {Kind::dtls}, in_fragments},
      {"dtls_one_datagram", "fragments in one record and in two", {Kind::dtls}, in_one_datagram},
      {"dtls_overlap",
       "a decoy over the name, before and behind it",
       {Kind::dtls},
       overlapping_fragments,
       Trait::breaks_evader},
      {"dtls_second_hello", "a decoy, then the hello with a cookie", {Kind::dtls}, second_hello},
      {"dtls_other_records",
       "an alert, a sealed record, junk beside it",
       {Kind::dtls},
       behind_other_records},
  };
  return cases;
}

}  // namespace sluice::evasion
