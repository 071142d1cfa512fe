#include "filters/dns/query.h"

#include <optional>

#include "filters/base/byte_reader.h"

namespace sluice::dns {
namespace {

constexpr std::uint16_t kResponse = 0x8000;
constexpr std::uint16_t kOpcodeMask = 0x7800;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::uint16_t kCheckingDisabled = 0x0010;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint32_t kDnssecOk = 0x8000;  // in the TTL field of OPT
constexpr std::uint8_t kPointer = 0xc0;
// Records looked at in search of OPT: no query of a client has so many.
constexpr std::size_t kMostRecords = 16;

// Reads the name at `offset` and says where it ends in place; nullopt: unreadable.
struct NameRead {
  name::Name name;
  std::size_t end = 0;
};
std::optional<NameRead> read_name(Bytes message, std::size_t offset) noexcept {
  name::Name::Builder builder;
  std::size_t end = 0;
  std::size_t jumps = 0;
  ByteReader reader(message);
  reader.skip(offset);
  while (true) {
    const std::uint8_t length = reader.u8();
    if (!reader.ok()) return std::nullopt;
    if (length == 0) {
      if (jumps == 0) end = reader.position();
      return NameRead{builder.finish(), end};
    }
    if ((length & kPointer) == kPointer) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3fU) << 8 | reader.u8();
      if (!reader.ok() || ++jumps > kMaxJumps) return std::nullopt;
      if (jumps == 1) end = reader.position();
      reader = ByteReader(message);
      reader.skip(target);
      continue;
    }
    if ((length & kPointer) != 0) return std::nullopt;  // reserved label types
    const Bytes label = reader.take(length);
    if (!reader.ok() || !builder.add(label)) return std::nullopt;
  }
}

// Steps over a name without reading it; false: it does not end.
bool skip_name(ByteReader& reader) noexcept {
  while (true) {
    const std::uint8_t length = reader.u8();
    if ((length & kPointer) == kPointer) reader.skip(1);
    if (!reader.ok()) return false;
    if (length == 0 || (length & kPointer) == kPointer) return true;
    reader.skip(length);
  }
}

// Searches the records behind the questions for OPT; what cannot be read is left, for servers are
// lenient there and no name of ours stands in it.
void find_edns(Bytes message, std::size_t records, Query& query) noexcept {
  ByteReader reader(message);
  reader.skip(query.questions_end);
  for (std::size_t i = 0; i < records && i < kMostRecords; ++i) {
    if (!skip_name(reader)) return;
    const std::uint16_t type = reader.u16();
    reader.skip(2);
    const std::uint32_t ttl = reader.u32();
    reader.skip(reader.u16());
    if (!reader.ok()) return;
    if (type == kTypeOpt) {
      query.has_edns = true;
      query.dnssec_ok = (ttl & kDnssecOk) != 0;
      return;
    }
  }
}

}  // namespace

Result<void, QueryError> parse_query(Bytes message, Query& query) noexcept {
  ByteReader header(message);
  query.count = 0;
  query.has_edns = query.dnssec_ok = false;
  query.id = header.u16();
  const std::uint16_t flags = header.u16();
  const std::uint16_t questions = header.u16();
  const std::size_t records = std::size_t{0} + header.u16() + header.u16() + header.u16();
  if (!header.ok() || (flags & (kResponse | kOpcodeMask)) != 0 || questions == 0) {
    return fail(QueryError::not_query);
  }
  query.recursion_desired = (flags & kRecursionDesired) != 0;
  query.checking_disabled = (flags & kCheckingDisabled) != 0;
  if (questions > kMaxQuestions) return fail(QueryError::too_many_questions);
  std::size_t offset = kHeaderOctets;
  while (query.count < questions) {
    const auto read = read_name(message, offset);
    if (!read) return fail(QueryError::malformed);
    ByteReader fields(message);
    fields.skip(read->end);
    Question& question = query.questions[query.count];
    question.name = read->name;
    question.qtype = fields.u16();
    question.qclass = fields.u16();
    if (!fields.ok()) return fail(QueryError::malformed);
    ++query.count;
    offset = fields.position();
  }
  query.questions_end = offset;
  find_edns(message, records, query);
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
