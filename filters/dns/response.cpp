#include "filters/dns/response.h"

namespace sluice::dns {
namespace {

constexpr std::uint16_t kRcodeMask = 0x000f;
constexpr std::size_t kMxPreference = 2;
constexpr std::size_t kSrvFields = 6;  // priority, weight, port

// Skips the records, counts them and looks for OPT; false: one is cut off.
bool count_records(Bytes message, const Header& header, Response& response) noexcept {
  ByteReader reader(message);
  reader.skip(response.query.questions_end);
  while (response.records < header.records()) {
    const auto record = read_record(reader);
    if (!record) return false;
    if (record->type == RecordType::opt) response.query.take_edns(*record);
    ++response.records;
    if (response.records <= header.answers) ++response.answers;
  }
  return true;
}

// The name behind `skip` bytes of RDATA, up to its end.
std::optional<name::Name> name_in(Bytes message, const Record& record, std::size_t skip) noexcept {
  if (record.size <= skip) return std::nullopt;
  const auto read = read_name(message, record.data + skip);
  if (!read || read->end != record.data + record.size) return std::nullopt;
  return read->name;
}

std::optional<name::Name> target_of(Bytes message, const Record& record) noexcept {
  switch (record.type) {
    case RecordType::mx:
      return name_in(message, record, kMxPreference);
    case RecordType::srv:
      return name_in(message, record, kSrvFields);
    case RecordType::svcb:
    case RecordType::https: {
      const auto binding = read_service_binding(message, record);
      if (!binding) return std::nullopt;
      // RFC 9460 section 2.5.2: in ServiceMode, "." stands for the owner.
      if (binding->priority == 0 || binding->target != name::Name{}) return binding->target;
      const auto owner = read_name(message, record.owner);
      if (!owner) return std::nullopt;
      return owner->name;
    }
    default:
      return name_in(message, record, 0);
  }
}

}  // namespace

Result<void, ResponseError> parse_response(Bytes message, Response& response) noexcept {
  response.query.count = 0;
  response.records = response.answers = 0;
  const auto header = read_header(message);
  if (!header || !header->is_response() || !header->is_standard_query()) {
    return fail(ResponseError::not_response);
  }
  response.query.take_header(*header);
  response.rcode = static_cast<std::uint8_t>(header->flags & kRcodeMask);
  response.truncated = header->truncated();
  if (header->questions > kMaxQuestions) return fail(ResponseError::too_many_questions);
  const auto end = read_questions(message, header->questions, response.query.questions);
  if (!end) return fail(ResponseError::malformed);
  response.query.count = header->questions;
  response.query.questions_end = *end;
  if (!count_records(message, *header, response) && !response.truncated) {
    response.records = response.answers = 0;
    return fail(ResponseError::malformed);
  }
  return {};
}

ResponseReader::ResponseReader(Bytes message, const Response& response) noexcept
    : reader_(message),
      left_(response.records),
      behind_answers_(response.records - response.answers) {
  reader_.skip(response.query.questions_end);
}

std::optional<Record> ResponseReader::next() noexcept {
  if (left_ == 0) return std::nullopt;
  --left_;
  return read_record(reader_);
}

Result<name::Name, ResponseError> read_target(Bytes message, const Record& record) noexcept {
  auto target = target_of(message, record);
  if (!target) return fail(ResponseError::malformed);
  return *target;
}

std::string_view to_string(ResponseError error) noexcept {
  switch (error) {
    case ResponseError::not_response:
      return "not_response";
    case ResponseError::malformed:
      return "malformed";
    case ResponseError::too_many_questions:
      return "too_many_questions";
  }
  return "?";
}

}  // namespace sluice::dns
