#include "filters/dns/query.h"

namespace sluice::dns {
namespace {

constexpr std::uint32_t kDnssecOk = 0x8000;  // in the TTL field of OPT
// Records searched for OPT: no query of a client has so many.
constexpr std::size_t kMostRecords = 16;

// Searches the records behind the questions for OPT. Stops where one cannot be read: servers are
// lenient there, and it holds no name that we judge.
void find_edns(Bytes message, std::size_t records, Query& query) noexcept {
  ByteReader reader(message);
  reader.skip(query.questions_end);
  for (std::size_t i = 0; i < records && i < kMostRecords; ++i) {
    const auto record = read_record(reader);
    if (!record) return;
    if (record->type == RecordType::opt) return query.take_edns(*record);
  }
}

}  // namespace

void Query::take_header(const Header& header) noexcept {
  id = header.id;
  recursion_desired = header.recursion_desired();
  checking_disabled = header.checking_disabled();
  has_edns = dnssec_ok = false;
  udp_size = 0;
  questions_end = count = 0;
}

void Query::take_edns(const Record& opt) noexcept {
  has_edns = true;
  udp_size = opt.record_class;
  dnssec_ok = (opt.ttl & kDnssecOk) != 0;
}

Result<void, QueryError> parse_query(Bytes message, Query& query) noexcept {
  query.count = 0;
  const auto header = read_header(message);
  if (!header || header->is_response() || !header->is_standard_query() || header->questions == 0) {
    return fail(QueryError::not_query);
  }
  query.take_header(*header);
  if (header->questions > kMaxQuestions) return fail(QueryError::too_many_questions);
  const auto end = read_questions(message, header->questions, query.questions);
  if (!end) return fail(QueryError::malformed);
  query.count = header->questions;
  query.questions_end = *end;
  find_edns(message, header->records(), query);
  return {};
}

std::string_view to_string(QueryError error) noexcept {
  switch (error) {
    case QueryError::not_query:
      return "not_query";
    case QueryError::malformed:
      return "malformed";
    case QueryError::too_many_questions:
      return "too_many_questions";
  }
  return "?";
}

}  // namespace sluice::dns
